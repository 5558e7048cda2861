// Brings the page up to date while somebody looks at it. It asks the control route for new requests, which is not
// journalled itself, and fetches the page only when a service other than the page has met one.
(() => {
  const INTERVAL_MS = 2000;
  let since = Number(document.querySelector("main").dataset.seq);
  const refresh = async () => {
    const page = new DOMParser().parseFromString(await (await fetch("/")).text(), "text/html");
    const focused = document.activeElement && document.activeElement.id;
    for (const part of ["main", "header .facts"]) {
      document.querySelector(part).replaceWith(document.adoptNode(page.querySelector(part)));
    }
    if (focused) document.getElementById(focused)?.focus();
  };
  const look = async () => {
    if (document.hidden) return;
    try {
      const journal = await (await fetch(`/_emulator/journal?since=${since}`)).json();
      since = journal.last_seq;
      if (journal.entries.some((entry) => entry.service !== "portal")) await refresh();
    } catch {
      // The emulator is down or restarting: the page keeps what it shows and looks again later.
    }
  };
  setInterval(look, INTERVAL_MS);
})();
