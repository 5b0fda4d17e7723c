// Small comforts for the console. Everything works without them.

// A form is sent once: a second press while the first is under way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button:not([type=button])")) button.setAttribute("aria-busy", "true");
});
// Coming back with the browser's button, the form may be sent again.
addEventListener("pageshow", () => {
  for (const form of document.forms) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  }
});

// After a refused form the reader starts at the summary of what is wrong.
document.querySelector(".errors[role=alert]")?.focus();

// Test results: another empty row as soon as the last one is begun.
for (const table of document.querySelectorAll("table[data-rows]")) {
  const body = table.tBodies[0];
  body.addEventListener("input", () => {
    const last = body.rows[body.rows.length - 1];
    if (![...last.querySelectorAll("input")].some((input) => input.value)) return;
    const row = last.cloneNode(true);
    for (const input of row.querySelectorAll("input, select")) {
      for (const name of ["id", "name"]) input[name] = input[name].replace(/-\d+-/, `-${body.rows.length}-`);
      input.value = "";
      input.removeAttribute("aria-invalid");
    }
    body.append(row);
  });
}

// Files: what was chosen and how large it is, before it goes over a slow line.
for (const input of document.querySelectorAll("input[type=file]")) {
  const note = document.createElement("span");
  note.className = "hint";
  note.setAttribute("aria-live", "polite");
  input.after(note);
  input.addEventListener("change", () => {
    const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`);
    note.textContent = [...input.files].map((file) => `${file.name} ${size(file.size)}`).join("; ");
  });
}
