// The docs' search from disk: browsers start no worker there, so a page opened as a file runs the search in a hidden frame (in place of the theme's shim,
// which is fetched from the network).
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.frame = Object.assign(document.createElement("iframe"), { hidden: true });
      document.body.append(this.frame);
      const inside = this.frame.contentWindow, made = this.frame.contentDocument;
      const load = (address) => new Promise((done, failed) => made.body.append(Object.assign(made.createElement("script"), { src: address, onload: done, onerror: failed })));
      inside.importScripts = (...addresses) => addresses.reduce((before, address) => before.then(() => load(address)), Promise.resolve());
      inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      this.ready = load(url);
    }
    postMessage(data) { this.ready.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }))); }
    terminate() { this.frame.remove(); }
  };
}
