// Keeps a text in the browser, and hands it back: in the tab's own storage, or, if it is to last, in the browser's. A
// browser may refuse either: then there is none.

export default function ({ data, setTriggerValue }) {
  try {
    const storage = data.lasting ? localStorage : sessionStorage;
    if (data.ask) {
      const text = storage.getItem(data.name);
      if (text) setTriggerValue("text", text);
    } else if (data.keep) storage.setItem(data.name, data.keep);
    else if (data.keep === "") storage.removeItem(data.name);
  } catch (error) {
    console.warn(`${data.name} could not be kept for a reload.`, error.name);
  }
}
