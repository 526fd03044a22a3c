"""Raw rows to bins: 1 min to 1 day, by country, network, network in a country, region or provider.

Two ways over the same rows (docs/scale.md):

* ``partials``: counts, cells of logarithmic histograms and registers of distinct counts. They add up: any files,
  machines and order give the bins of one pass, and late rows can be folded into bins that were published.
* ``exact``: one sort of packed 64-bit keys for each stretch of time that files share. Percentiles are those of the
  data; it needs all rows of a bin at once, and nothing can be added to its result.

Both are functions of files and time; who runs them, and on how many machines, is decided in ``jobs/engines``.
"""
