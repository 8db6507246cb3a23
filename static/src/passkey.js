// Makes or uses a passkey: the button asks the server for a challenge, the browser asks its owner, and the answer is posted with the
// form like anything else that was typed.
const credential = (form) => form.querySelector("[data-credential]");
const told = (form, text) => {
  const place = form.querySelector("[data-passkey-problem]");
  place.textContent = text;
  place.hidden = !text;
};

async function answer(form) {
  const asked = await fetch(form.dataset.passkey, { method: "POST", headers: { Accept: "application/json" } });
  if (asked.redirected) return location.assign(asked.url); // a proof is wanted first
  if (asked.status === 422) throw new DOMException("", "SecurityError"); // opened by an IP address
  if (!asked.ok || !asked.headers.get("Content-Type")?.startsWith("application/json")) throw new Error("This page is out of date. Reload it and try again.");
  const options = await asked.json();
  const key = form.dataset.make === "true"
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  return JSON.stringify(key.toJSON());
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential?.parseCreationOptionsFromJSON) {
    told(form, "This browser does not support passkeys here. Use a newer browser and open Drover over HTTPS.");
    form.querySelector("button").disabled = true;
    continue;
  }
  form.addEventListener("submit", async (event) => {
    if (credential(form).value) return; // answered: now it is an ordinary form
    event.preventDefault();
    told(form, "");
    try {
      credential(form).value = (await answer(form)) ?? "";
      if (credential(form).value) form.requestSubmit();
    } catch (error) {
      const refused = {
        NotAllowedError: "It was cancelled, or took too long. Try again.",
        InvalidStateError: "This passkey is already set up.", SecurityError: "Passkeys need Drover's own host name, over HTTPS.",
      };
      told(form, refused[error.name] ?? error.message);
    }
  });
}
addEventListener("pageshow", () => document.querySelectorAll("form[data-passkey]").forEach((form) => (credential(form).value = "")));
