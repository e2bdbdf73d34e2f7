// Before the first paint: styles may count on scripts from here on.
document.documentElement.classList.add("js");
