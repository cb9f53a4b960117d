import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect as dial } from 'node:net';

export interface LoopbackProxy extends AsyncDisposable {
  readonly url: string;
  /** Where it was asked to connect to, and with which credentials. */
  readonly asked: { readonly target: string; readonly authorization: string | undefined }[];
}

/** A proxy on 127.0.0.1 that knows one name: hub.invalid, which no name server knows. */
export async function openLoopbackProxy(hub: string): Promise<LoopbackProxy> {
  const asked: { target: string; authorization: string | undefined }[] = [];
  const server: Server = createServer((_, response) => response.writeHead(501).end());
  server.on('connect', ({ url = '', headers }, socket) => {
    asked.push({ target: url, authorization: headers['proxy-authorization'] });
    const { hostname, port } = new URL(url.startsWith('hub.invalid') ? hub : `http://${url}`);
    const onward = dial(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
