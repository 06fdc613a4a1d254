// Passkeys: a form with data-passkey is shown where the browser has them, and is sent with what the passkey answered.
// make: a new one; use: one of somebody who is known by now; sign-in: whichever the browser finds.

const CANCELLED = "Nothing was done: it was cancelled, took too long, or no passkey of this device fits.";

function isThere() {
  return Boolean(window.PublicKeyCredential?.parseCreationOptionsFromJSON);
}

async function optionsOf(form) {
  const script = form.querySelector("#passkey-options");
  if (script) return JSON.parse(script.textContent);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}. Wait a moment and try again.`);
  return (await answer.json()).request_options;
}

async function credentialFor(form) {
  const { publicKey } = await optionsOf(form);
  if (form.dataset.passkey !== "make") {
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
  }
  if (form.elements.passwordless.checked) {
    // what signs in by itself is kept on the device, and asks for a finger, a face or a PIN
    publicKey.authenticatorSelection = { ...publicKey.authenticatorSelection, residentKey: "required", requireResidentKey: true, userVerification: "required" };
  }
  return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
}

async function ask(form) {
  const note = form.querySelector(".banner[hidden]") ?? form.querySelector(".banner");
  try {
    const credential = await credentialFor(form);
    form.elements.credential.value = JSON.stringify(credential.toJSON());
    form.submit();
  } catch (error) {
    note.textContent = error.name === "NotAllowedError" ? CANCELLED : error.message;
    note.hidden = false;
  }
}

if (isThere()) {
  document.querySelectorAll("[data-no-passkeys]").forEach((note) => note.remove());
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask(form);
    });
  }
}
