// The one-time token stands after the # of the address: it reaches no server and no log until the
// form is sent.
"use strict";

const token = location.hash.slice(1);
const form = document.getElementById("form");
const outcome = document.getElementById("outcome");
history.replaceState(null, "", location.pathname);

if (token === "") {
  form.hidden = true;
  outcome.textContent =
    "The link is incomplete: the server printed it at its start, with a long token after the #.";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { username, password, again } = Object.fromEntries(new FormData(form));
  if (password !== again) {
    outcome.textContent = "The two passwords differ.";
    return;
  }
  const button = form.querySelector("button");
  button.disabled = true;
  outcome.textContent = "…";
  try {
    const response = await fetch("v1/auth:claimFirstAdministrator", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token, username, password }),
    });
    const answer = await response.json();
    if (response.ok) {
      form.hidden = true;
      const name = answer.user.username;
      const link = document.createElement("a");
      link.href = "./";
      link.textContent = "Sign in here";
      outcome.replaceChildren(`${name} is administrator now. `, link, ` or with: imctl login ${name}`);
      return;
    }
    const fields = (answer.details ?? []).flatMap((detail) => detail.fieldViolations ?? []);
    const lines = fields.map((field) => `${field.field}: ${field.description}`);
    outcome.textContent = [answer.message, ...lines].join(" ");
  } catch {
    outcome.textContent = "The server does not answer; try again.";
  }
  button.disabled = false;
});
