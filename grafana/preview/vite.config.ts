import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

const ICONS = 'node_modules/@grafana/ui/dist/public/img/icons';
const SERVED = 'dist/public/build/img/icons';
const FONTS = { Regular: '400-normal', Medium: '500-normal', Italic: '400-italic', MediumItalic: '500-italic' };

/** Copies icons and fonts to the addresses at which Grafana serves them, where its components fetch them. */
const assets: Plugin = {
  name: 'assets',
  closeBundle: () => {
    cpSync(ICONS, SERVED, { recursive: true });
    // The time picker shows this icon, which the package lacks.
    const right = readFileSync(`${SERVED}/unicons/angle-double-right.svg`, 'utf8');
    const left = right.replace('<path', '<path transform="matrix(-1 0 0 1 24 0)"');
    writeFileSync(`${SERVED}/unicons/angle-double-left.svg`, left);
    for (const [name, file] of Object.entries(FONTS)) {
      const font = `node_modules/@fontsource/inter/files/inter-latin-${file}.woff2`;
      cpSync(font, `dist/public/fonts/inter/Inter-${name}.woff2`);
    }
  },
};

/** Leaves Grafana's code editor out: it has 3 MB, and no board opens it. */
const noEditor: Plugin = {
  name: 'no-editor',
  enforce: 'pre',
  load: (id) => (id.endsWith('/ReactMonacoEditor.mjs') ? 'export const ReactMonacoEditor = () => null;' : null),
};

export default defineConfig({
  plugins: [assets, noEditor],
  esbuild: { jsx: 'automatic' },
  build: { target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 4000, reportCompressedSize: false },
});
