"use strict";

// Show the types and fields whose words hold every word of the search; the address keeps it.
const search = document.getElementById("search");
const found = document.getElementById("found");
const sections = [...document.querySelectorAll("main > section")];
const words = new Map(sections.map((one) => [one, one.textContent.toLowerCase()]));

function show() {
  const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const section of sections) {
    const fits = wanted.every((word) => words.get(section).includes(word));
    section.hidden = !fits;
    count += fits ? 1 : 0;
  }
  found.textContent = wanted.length === 0 ? "" : `${count} of ${sections.length}`;
}

search.addEventListener("input", show);
addEventListener("hashchange", () => {
  const section = document.getElementById(location.hash.slice(1));
  if (section !== null && section.hidden) {
    search.value = "";
    show();
    section.scrollIntoView();
  }
});
show();
