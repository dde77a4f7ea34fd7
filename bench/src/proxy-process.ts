/** A server of `proxy.ts` in a process of its own: `upstream`, or `bare <target>`. Says on stdout where it listens. */

import { Agent, createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createProxyServer } from 'http-proxy-3';

const [what, target = ''] = process.argv.slice(2);
const server = what === 'upstream' ? upstream() : bareProxy();
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

/** Answers with as many bytes as the path asks for. */
function upstream(): Server {
  const bodies = new Map<string, Buffer>();
  return createServer((request, response) => {
    const { url = '' } = request;
    const body = bodies.get(url) ?? Buffer.alloc(Number(url.slice(1)), 'x');
    bodies.set(url, body);
    request.resume().once('end', () => {
      response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length }).end(body);
    });
  });
}

/** The least that a proxy can be: with kept connections, as anybody would run it. */
function bareProxy(): Server {
  const proxy = createProxyServer({ target, agent: new Agent({ keepAlive: true }) });
  return createServer((request, response) => {
    void proxy.web(request, response);
  });
}
