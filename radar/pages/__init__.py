"""One file per URL. Each registers its path and gives ``layout(**path_and_query)``; see ``components.shell``."""
