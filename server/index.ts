/** The server as a library: for those who run it inside a process of their own. */
export { createApp, type App, type AppOptions } from './app.ts';
export { readConfig, type Config } from './config.ts';
export { listen, type Listener } from './http/listener.ts';
export { openInstallation, type Installation } from './installation.ts';
export { createLogger, type Logger } from './log.ts';
export { serve, type ServerProcess } from './main.ts';
export { StartupError } from './startup-error.ts';
