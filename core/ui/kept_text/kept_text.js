// Keeps a text in the tab's own storage, and hands it back. A browser may refuse either: then there is none.

const NAME = "batchscope-text";

export default function ({ data, setTriggerValue }) {
  try {
    if (data.ask) {
      const text = sessionStorage.getItem(NAME);
      if (text) setTriggerValue("text", text);
    } else if (data.keep) sessionStorage.setItem(NAME, data.keep);
    else if (data.keep === "") sessionStorage.removeItem(NAME);
  } catch (error) {
    console.warn("The pasted text could not be kept for a reload.", error.name);
  }
}
