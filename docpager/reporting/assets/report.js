"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const SVG = "http://www.w3.org/2000/svg";
  const rows = byId("rows");
  const articles = Array.from(rows.children);
  const controls = byId("controls");
  const statuses = Array.from(controls.querySelectorAll("input[name=status]"));
  const changed = byId("changed");

  const make = (name, attributes = {}, text = null) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== null) element.textContent = text;
    return element;
  };
  const data = (id) => {
    const block = byId(id);
    return block && JSON.parse(block.textContent);
  };

  // Search, filters, order

  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/\s+/g, " ");
  // What was asked, said and quoted; not what was left unread, nor the story.
  const SOUGHT = "summary h3, .line, .answer, .value, .note, .where, blockquote, .about";
  const words = new Map();
  const text = (article) => {
    if (!words.has(article)) words.set(article, fold(Array.from(article.querySelectorAll(SOUGHT), (part) => part.textContent).join(" ")));
    return words.get(article);
  };

  const update = () => {
    const wanted = fold(byId("find").value).split(" ").filter(Boolean);
    const kept = new Set(statuses.filter((box) => box.checked).map((box) => box.value));
    const cites = byId("verified").value;
    let count = 0;
    for (const article of articles) {
      const facts = article.dataset;
      const fits = kept.has(facts.status) && (!(changed && changed.checked) || "changed" in facts)
        && (!cites || (cites.startsWith("has ") ? facts.verify.split(" ").includes(cites.slice(4)) : facts.verified === cites))
        && (!wanted.length || wanted.every((word) => text(article).includes(word)));
      article.hidden = !fits;
      count += fits;
    }
    const all = articles.length;
    const format = (n) => n.toLocaleString("en");
    byId("shown").textContent = count === all ? `${format(all)} ${all === 1 ? "question" : "questions"}` : `${format(count)} of ${format(all)} questions`;
    byId("empty").hidden = count > 0;
  };

  const order = () => {
    const key = byId("sort").value;
    const way = key === "number" || key === "order" || key === "confidence" ? 1 : -1;
    const number = (article, name) => Number(article.dataset[name]);
    articles.sort((a, b) => way * (number(a, key) - number(b, key)) || number(a, "number") - number(b, "number"));
    rows.append(...articles);
  };

  let waiting = 0;
  byId("find").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(update, articles.length > 200 ? 120 : 0);
  });
  controls.addEventListener("change", (event) => {
    if (event.target.id === "sort") order();
    else if (event.target.id !== "find") update();
  });
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("reset", () => setTimeout(() => { order(); update(); }));
  const all = (open) => {
    for (const article of articles) if (!article.hidden) article.firstElementChild.open = open;
  };
  byId("open-all").addEventListener("click", () => all(true));
  byId("close-all").addEventListener("click", () => all(false));
  controls.hidden = false;
  update();

  // Pictures of pages: decoded when they are first looked at

  const picture = (source) => {
    const number = source.dataset.picture;
    if (number === undefined || source.querySelector(".sheet")) return;
    const found = data(`picture-${number}`);
    if (!found) return;
    const marks = JSON.parse(source.dataset.marks);
    const where = source.closest("li").querySelector(".where");
    const name = `${where.querySelector(".path").textContent}, ${(where.querySelector(".page") || where).textContent}`;
    const sheet = make("figure", { class: "sheet" });
    const frame = make("div", { class: "frame", tabindex: "0", role: "group", "aria-label": "Picture of the page" });
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `Picture of ${name}${marks.length ? ", with the quoted lines marked" : ""}`);
    const image = document.createElementNS(SVG, "image");
    const size = { width: found.width, height: found.height };
    for (const [key, value] of Object.entries(size)) image.setAttribute(key, value);
    image.setAttribute("href", found.data ? `data:${found.type};base64,${found.data}` : found.src);
    svg.append(image);
    for (const [left, top, right, bottom] of marks) {
      const mark = document.createElementNS(SVG, "rect");
      for (const [key, value] of Object.entries({ x: left, y: top, width: right - left, height: bottom - top, rx: 2 })) mark.setAttribute(key, value);
      svg.append(mark);
    }
    const tops = marks.map((box) => box[1]);
    const from = marks.length ? Math.max(0, Math.min(...tops) - 110) : 0;
    const to = marks.length ? Math.min(found.height, Math.max(...marks.map((box) => box[3])) + 110) : found.height;
    const view = (whole) => svg.setAttribute("viewBox", whole ? `0 0 ${found.width} ${found.height}` : `0 ${from} ${found.width} ${to - from}`);
    view(false);
    frame.append(svg);
    const caption = make("figcaption");
    caption.append(make("span", {}, marks.length ? "The quoted lines are marked." : "The page as it is printed."));
    const toggle = (label, act) => {
      const button = make("button", { type: "button", "aria-pressed": "false" }, label);
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(on));
        act(on);
      });
      caption.append(button);
    };
    if (to - from < found.height) toggle("More of the page", view);
    toggle("Enlarge", (on) => frame.classList.toggle("large", on));
    sheet.append(frame, caption);
    const opened = source.querySelector(".opened");
    opened.insertBefore(sheet, opened.querySelector(".text, .stored"));
    // On a narrow screen the picture is wider than its frame: the quote's beginning comes first.
    if (marks.length) frame.scrollLeft = (Math.min(...marks.map((box) => box[0])) / found.width) * frame.scrollWidth - 12;
  };

  // Paging stories: drawn when their question is first opened

  const story = (place) => {
    if (place.firstChild) return;
    const found = data(`story-${place.dataset.story}`);
    const words = make("p", { class: "small" }, found ? "" : "The run has no trace of it.");
    place.append(words);
    if (found && found.gzip) inflated(found.gzip).then((text) => draw(place, words, JSON.parse(text)));
    else if (found) draw(place, words, found);
  };

  const inflated = (base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };

  const draw = (place, words, found) => {
    words.textContent = found.words;
    if (found.src) {
      place.append(make("a", { href: found.src }, "Open the picture of it"));
      return;
    }
    const chart = make("div", { class: "chart", tabindex: "0", role: "group", "aria-label": "Paging story" });
    chart.append(document.importNode(new DOMParser().parseFromString(found.svg, "image/svg+xml").documentElement, true));
    const steps = make("details", { class: "steps" });
    steps.append(make("summary", {}, "The steps as a table"));
    steps.addEventListener("toggle", () => table(steps, found.steps));
    place.append(chart, steps);
  };

  const table = (steps, found) => {
    if (steps.children.length > 1) return;
    const box = make("div", { class: "table", tabindex: "0", role: "group", "aria-label": "Steps" });
    const grid = make("table");
    grid.append(make("caption", {}, "What happened in each step, and the tokens of pages in memory after it"));
    const line = (cells, name) => {
      const row = make("tr");
      cells.forEach((cell, n) => row.append(make(name, { ...(n === 1 ? {} : { class: "number" }), ...(name === "th" ? { scope: "col" } : {}) }, cell)));
      return row;
    };
    const head = make("thead");
    head.append(line(["Step", "What happened", "In memory", "Room"], "th"));
    const body = make("tbody");
    const format = (n) => (n === null ? "–" : n.toLocaleString("en"));
    for (const [step, told, resident, room, pressure] of found) body.append(line([step, pressure ? `${told}; memory under pressure` : told, format(resident), format(room)], "td"));
    grid.append(head, body);
    box.append(grid);
    steps.append(box);
  };

  // Opening and closing

  const opened = (details) => {
    if (details.matches(".source")) picture(details);
    else if (details.parentElement.matches(".question")) details.querySelectorAll("[data-story]").forEach(story);
  };
  document.addEventListener("toggle", (event) => {
    if (event.target.open) opened(event.target);
  }, true);

  const show = (id) => {
    const target = id && byId(id);
    const article = target && target.closest(".question");
    if (!article) return false;
    if (article.hidden) controls.reset();
    article.firstElementChild.open = true;
    const source = target.matches("li") && target.querySelector(".source");
    if (source) source.open = true;
    const focus = (source || article.firstElementChild).querySelector("summary");
    setTimeout(() => {
      target.scrollIntoView({ block: "start" });
      focus.focus({ preventScroll: true });
    });
    return true;
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#q']");
    if (link && show(link.getAttribute("href").slice(1))) {
      event.preventDefault();
      history.replaceState(null, "", link.getAttribute("href"));
    }
  });
  addEventListener("hashchange", () => show(location.hash.slice(1)));
  show(location.hash.slice(1));

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    const details = event.target.closest && event.target.closest("details[open]");
    if (!details) return;
    details.open = false;
    details.querySelector("summary").focus();
    event.preventDefault();
  });

  // On paper everything is open

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = Array.from(document.querySelectorAll("details:not([open])")).filter((details) => !details.closest("[hidden]") && !details.matches(".steps"));
    for (const details of closed) {
      details.open = true;
      opened(details);
    }
  });
  addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
    closed = [];
  });
})();
