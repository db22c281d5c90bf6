/* Keys, printing, the editor's completion. Pages work without it. */
(() => {
  "use strict";
  const all = (what, within = document) => [...within.querySelectorAll(what)];
  const one = (what, within = document) => within.querySelector(what);
  const typing = (node) => node.closest("input:not([type=checkbox]), textarea, select");
  let row = -1;
  let leader = 0;

  one("nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

  function choose(step) {
    const rows = all("tr[data-row]");
    if (!rows.length) return;
    row = Math.max(0, Math.min(rows.length - 1, row + step));
    rows.forEach((each, place) => each.classList.toggle("chosen", place === row));
    one("a.row", rows[row])?.focus();
    rows[row].scrollIntoView({ block: "nearest" });
  }

  function go(letter) {
    const link = all("nav a[data-go]").find((each) => each.dataset.go === letter);
    if (link) link.click();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (Date.now() - leader < 1200) {
      leader = 0;
      go(event.key);
      return;
    }
    const marked = all("tr[data-row]")[row];
    const button = one(`[data-key="${CSS.escape(event.key)}"]`);
    if (event.key === "g") leader = Date.now();
    else if (event.key === "j") choose(1);
    else if (event.key === "k") choose(-1);
    else if (event.key === "x" && marked) one("input[type=checkbox]", marked)?.click();
    else if (event.key === "?") one("#keys")?.showModal();
    else if (event.key === "/") one("main form input:not([type=hidden])")?.focus();
    else if (button) button.focus();
    else return;
    if (event.key !== "g") event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
    const insert = event.target.closest("[data-insert]");
    if (insert) put(insert.dataset.insert);
    const line = event.target.closest("[data-line]");
    if (line) {
      event.preventDefault();
      toLine(Number(line.dataset.line));
    }
  });

  const source = () => one("#source");

  function put(text, from = null) {
    const area = source();
    area.focus();
    area.setRangeText(text, from ?? area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function toLine(number) {
    const area = source();
    const before = area.value.split("\n").slice(0, number - 1).join("\n").length + (number > 1 ? 1 : 0);
    const end = area.value.indexOf("\n", before);
    area.focus();
    area.setSelectionRange(before, end < 0 ? area.value.length : end);
    area.scrollTop = (number - 6) * parseFloat(getComputedStyle(area).lineHeight);
  }

  /* Completion: fields whose name begins with, or holds, the word at the cursor. */
  const fields = () => all("#fields [data-insert]").map((each) => each.dataset.insert);
  const listed = () => all("#completions li");

  function wordAt(area) {
    const before = area.value.slice(0, area.selectionStart);
    return before.match(/[A-Za-z_][A-Za-z0-9_]*$/)?.[0] ?? "";
  }

  function suggest() {
    const area = source();
    const box = one("#completions");
    const word = wordAt(area);
    box.replaceChildren();
    if (word.length >= 2) {
      const names = fields();
      const found = [
        ...names.filter((name) => name.startsWith(word)),
        ...names.filter((name) => !name.startsWith(word) && name.includes(word)),
      ].filter((name) => name !== word).slice(0, 8);
      found.forEach((name, place) => {
        const item = document.createElement("li");
        item.textContent = name;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", String(place === 0));
        box.append(item);
      });
    }
    box.hidden = !box.children.length;
  }

  function take(name) {
    const area = source();
    put(name, area.selectionStart - wordAt(area).length);
    one("#completions").hidden = true;
  }

  function move(step) {
    const items = listed();
    const at = items.findIndex((each) => each.getAttribute("aria-selected") === "true");
    const next = (at + step + items.length) % items.length;
    items.forEach((each, place) => each.setAttribute("aria-selected", String(place === next)));
  }

  document.addEventListener("input", (event) => {
    const target = event.target;
    if (target.id === "source" && target.dataset.completes) suggest();
    if (target.dataset.filters) {
      const wanted = target.value.toLowerCase();
      all(`#${target.dataset.filters} li`).forEach((each) => {
        each.hidden = !each.textContent.toLowerCase().includes(wanted);
      });
    }
  });

  document.addEventListener("keydown", (event) => {
    const box = one("#completions");
    if (event.target.id !== "source" || !box || box.hidden) return;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Tab" || (event.key === "Enter" && event.ctrlKey)) {
      take(listed().find((each) => each.getAttribute("aria-selected") === "true").textContent);
    } else if (event.key === "Escape") box.hidden = true;
    else return;
    event.preventDefault();
  });

  document.addEventListener("mousedown", (event) => {
    const item = event.target.closest("#completions li");
    if (item) {
      event.preventDefault();
      take(item.textContent);
    }
  });
})();
