// Entry of every page. Small modules, no build step; pages work without them.
import "./times.js";
import "./menus.js";
import "./toasts.js";
import "./dialogs.js";
import "./list.js";
import "./keys.js";
