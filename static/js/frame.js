// What every page has: copy buttons, keys, menus, times that stay fresh, parts that follow the server.

import { copyButtons } from "./copy.js";
import { keyboard } from "./keyboard.js";
import { livePolling } from "./live.js";
import { menus } from "./menus.js";
import { freshTimes } from "./times.js";
import { failures } from "./toasts.js";

copyButtons();
keyboard();
menus();
freshTimes();
livePolling();
failures();
