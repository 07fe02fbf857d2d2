import { mount } from "svelte";
import App from "./ui/App.svelte";
import { loadLanguage } from "./text/i18n.svelte";
import "./style.css";

await loadLanguage();
mount(App, { target: document.getElementById("app")! });
