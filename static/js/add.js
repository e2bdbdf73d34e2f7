// The bookmarklet belongs in the bookmarks bar: clicked here, it would run inside our own page, which the policy forbids.
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-bookmarklet]")) return;
  event.preventDefault();
  document.getElementById("bookmarklet-told").hidden = false;
});
