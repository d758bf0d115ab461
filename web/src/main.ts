// Starts the page.
import { mount } from 'svelte';

import './app.css';
import './log/ansi.css';
import { startRouting } from './router/location.svelte';
import { session } from './shell/session.svelte';
import App from './shell/App.svelte';

const target = document.getElementById('app');
if (target !== null) {
  startRouting();
  void session.load();
  mount(App, { target });
}
