"use strict";
// On a narrow screen, drawings begin with their newest end.
for (const drawing of document.querySelectorAll("figure .scroll")) drawing.scrollLeft = drawing.scrollWidth;

// Adds new events to the feed as they come. Without this script, reloading the page shows them.
(() => {
  const sign = document.getElementById("live");
  const days = document.getElementById("days");
  if (!sign || !days || sign.textContent.startsWith("Not live")) return;
  let count = 0;

  const say = (text, on) => {
    sign.textContent = text;
    sign.classList.toggle("on", on);
  };

  const section = (row) => {
    const first = days.querySelector("section.day");
    if (first && first.dataset.day === row.dataset.day) return first.querySelector("ol");
    const made = document.createElement("section");
    made.className = "day";
    made.dataset.day = row.dataset.day;
    const name = document.createElement("h2");
    name.textContent = row.dataset.dayName;
    const list = document.createElement("ol");
    list.className = "rows";
    made.append(name, list);
    days.prepend(made);
    return list;
  };

  const add = (html) => {
    const row = new DOMParser().parseFromString(html, "text/html").querySelector("li.row");
    if (!row || days.querySelector(`[data-id="${CSS.escape(row.dataset.id)}"]`)) return;
    row.classList.add("new");
    section(row).prepend(document.adoptNode(row));
    count += 1;
    say(count === 1 ? "Live: 1 new event" : `Live: ${count} new events`, true);
  };

  const source = new EventSource(sign.dataset.address);
  source.addEventListener("open", () => say(count ? `Live: ${count} new events` : "Live", true));
  source.addEventListener("message", (message) => add(message.data));
  source.addEventListener("missed", () => say("Some events were missed; reload the page", false));
  source.addEventListener("error", () => say("Not connected; trying again", false));
})();
