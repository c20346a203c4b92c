// What is wider than the page can be scrolled with the keyboard, too.
for (const wide of document.querySelectorAll("pre, table"))
  if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
