/* Moments and durations in the reader's language, as the server writes them. */
(function () {
  "use strict";

  const { root } = window.radarPage;
  const home = window.radarHome;
  const { machine, fill, make, words } = home;

  const iso = (ms) => new Date(ms).toISOString().replace(".000Z", "Z");
  const time = (moment, form) => {
    const told = (shape) => new Intl.DateTimeFormat(root.lang === "en" ? "en-GB" : root.lang, { ...shape, timeZone: "UTC" })
      .format(new Date(moment));
    const clock = `${told({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" })} UTC`;
    const day = { day: "numeric", month: "long", ...(form === "full" ? { year: "numeric" } : {}) };
    const text = form === "clock" ? clock : `${told(day)}, ${clock}`;
    return make("time", { datetime: moment, "data-form": form }, text);
  };
  /* The year is said where it is not that of the newest publication. */
  const stampOf = (ms) => time(iso(ms), iso(ms).slice(0, 4) === machine().dataset.now.slice(0, 4) ? "day" : "full");
  const span = (minutes) => {
    const said = words().spans;
    const days = Math.round(minutes / 1440);
    if (minutes < 60) return fill(said.m, { n: minutes });
    if (minutes >= 2880) return fill(days === 1 ? said.day : said.days, { n: days });
    const [h, m] = [Math.floor(minutes / 60), minutes % 60];
    return fill(m ? said.hm : said.h, { h, m });
  };

  Object.assign(home, { iso, time, stampOf, span });
})();
