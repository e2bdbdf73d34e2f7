// Entry point of every page. Small modules, no build step; pages work without them.
import "./forms.js";
import "./times.js";
import "./problems.js";
import "./menus.js";
import "./toasts.js";
import "./dialogs.js";
import "./list.js";
import "./key_actions.js";

// On a phone the menu scrolls sideways: start at the current page.
const here = document.querySelector(".topbar nav [aria-current]");
if (here) here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 40;
