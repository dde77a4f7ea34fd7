/** The switchboard: one page that shows and operates every circuit of a fleet. */

import { render } from 'preact';
import { ControlApi } from './api/control-api.ts';
import { LiveFeed } from './api/live-feed.ts';
import { App } from './app.tsx';
import { Broken } from './broken.tsx';
import { Fleet } from './fleet/fleet.ts';
import { applyTheme } from './theme.ts';

applyTheme();
const api = new ControlApi();
const fleet = new Fleet();
const feed = new LiveFeed(api, fleet);
void feed.run();

const root = document.getElementById('app');
if (root)
  render(
    <Broken>
      <App api={api} fleet={fleet} feed={feed} />
    </Broken>,
    root,
  );
