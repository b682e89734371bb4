// Every word that the script of the call's page says, in the page's language. What stands on the page from the beginning
// is in src/web/pages/call/words.rs.
import { strings as ar } from "./strings/ar.js";
import { strings as en } from "./strings/en.js";

export const strings = { ar, en }[document.documentElement.lang] ?? en;
