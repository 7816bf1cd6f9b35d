/** Fills the registries of Grafana's libraries, as Grafana does when it starts, and applies a panel's field options. */
import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  type DataFrame,
  type DataTransformerConfig,
  type FieldConfigPropertyItem,
  type FieldConfigSource,
  fieldMatchers,
  getValueFormats,
  Registry,
  standardTransformers,
  standardTransformersRegistry,
  type ThresholdsConfig,
  transformDataFrame,
} from '@grafana/data';
import type { Panel } from '@grafana/schema';
import { lastValueFrom } from 'rxjs';
import type { PageState } from './page';

const STANDARD = [
  ...['unit', 'min', 'max', 'fieldMinMax', 'decimals', 'displayName', 'noValue', 'thresholds', 'mappings', 'links'],
  ...['color', 'filterable', 'description'],
];
const LINKED = ['table', 'timeseries'];
const PREFIXED_UNIT = /^(prefix|suffix|time|si|count|currency|bool):/;

/** The defaults of each kind of panel. */
const LINES = {
  ...{ drawStyle: 'line', lineInterpolation: 'linear', lineWidth: 1, fillOpacity: 0, gradientMode: 'none' },
  ...{ axisPlacement: 'auto', showPoints: 'auto', pointSize: 5, spanNulls: false },
  scaleDistribution: { type: 'linear' },
  stacking: { mode: 'none', group: 'A' },
  thresholdsStyle: { mode: 'off' },
  hideFrom: { tooltip: false, viz: false, legend: false },
};
const CELLS = { align: 'auto', cellOptions: { type: 'auto' }, inspect: false };
const CUSTOM: Record<string, Record<string, unknown>> = { timeseries: LINES, table: CELLS };
const THRESHOLDS = { mode: 'absolute', steps: [{ color: 'green' }, { color: 'red', value: 80 }] };

export function fillRegistries(): void {
  const unique = new Map(Object.values(standardTransformers).map((each) => [each.id, each]));
  standardTransformersRegistry.setInit(() =>
    [...unique.values()].map((transformation) => ({
      ...{ id: transformation.id, name: transformation.name, transformation },
      ...{ editor: () => null, imageDark: '', imageLight: '' },
    })),
  );
}

/** A sentence for each part of the panel's JSON that the preview doesn't know, so that none is ignored silently. */
export function unknownParts(panel: Panel): string[] {
  const config = panel.fieldConfig ?? { defaults: {}, overrides: [] };
  const properties = config.overrides.flatMap((rule) => rule.properties);
  const units = [config.defaults.unit, ...properties.filter(({ id }) => id === 'unit').map(({ value }) => value)];
  const known = new Set(getValueFormats().flatMap((category) => category.submenu.map(({ value }) => value)));
  const unknown = (what: string, names: unknown[]) =>
    names.map((name) => `The preview doesn't know the ${what} "${String(name)}".`);
  return [
    ...unknown(
      'unit',
      units.filter((unit) => unit && !known.has(String(unit)) && !PREFIXED_UNIT.test(String(unit))),
    ),
    ...unknown(
      'transformation',
      (panel.transformations ?? []).map(({ id }) => id).filter((id) => !standardTransformersRegistry.getIfExists(id)),
    ),
    ...unknown(
      'field matcher',
      config.overrides.map((rule) => rule.matcher.id).filter((id) => !fieldMatchers.getIfExists(id)),
    ),
    ...unknown(
      'field option',
      properties.map(({ id }) => id).filter((id) => !STANDARD.includes(id) && !id.startsWith('custom.')),
    ),
    ...unknown('panel option', [
      ...(['repeat', 'timeFrom', 'timeShift'] as const).filter((option) => panel[option]),
      ...(config.defaults.links && !LINKED.includes(panel.type) ? ['links of values'] : []),
    ]),
  ];
}

/** The panel's field options, completed by the defaults of its kind. */
export function fieldConfigOf(panel: Panel): FieldConfigSource {
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
  const custom = Object.entries({ ...CUSTOM[panel.type], ...defaults.custom }).map(([key, value]) => {
    const base = CUSTOM[panel.type]?.[key];
    return [key, isRecord(base) && isRecord(value) ? { ...base, ...value } : value];
  });
  const color = { mode: panel.type === 'timeseries' ? 'palette-classic' : 'thresholds' };
  const full = { color, thresholds: THRESHOLDS, ...defaults, custom: Object.fromEntries(custom) };
  return { defaults: { ...full, thresholds: withBase(full.thresholds) }, overrides } as FieldConfigSource;
}

/** JSON has no -Infinity: the lowest threshold has null there. */
function withBase(thresholds: unknown): unknown {
  const { steps, ...rest } = thresholds as ThresholdsConfig;
  return { ...rest, steps: steps.map((step, place) => (place === 0 ? { ...step, value: -Infinity } : step)) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A registry of every option that this panel uses: Grafana's library ignores options that aren't registered. */
function registryFor({ defaults, overrides }: FieldConfigSource): Registry<FieldConfigPropertyItem> {
  const ids = new Set([
    ...STANDARD,
    ...Object.keys(defaults.custom ?? {}).map((key) => `custom.${key}`),
    ...overrides.flatMap((rule) => rule.properties.map(({ id }) => id)),
  ]);
  const items = [...ids].map((id): FieldConfigPropertyItem => {
    const isCustom = id.startsWith('custom.');
    return {
      ...{ id, name: id, isCustom, path: isCustom ? id.slice('custom.'.length) : id },
      ...{ editor: () => null, override: () => null, shouldApply: () => true },
      process: (value, context) =>
        id === 'thresholds' && value
          ? withBase(value)
          : id === 'displayName' && value
            ? context.replaceVariables?.(value, context.field?.state?.scopedVars)
            : value,
    };
  });
  return new Registry(() => items);
}

/** Applies the panel's transformations, then its field options. */
export async function prepare(
  frames: DataFrame[],
  panel: Panel,
  { fill, theme, timeZone }: Pick<PageState, 'fill' | 'theme' | 'timeZone'>,
): Promise<DataFrame[]> {
  const context = { interpolate: (text: string) => fill(text) };
  const transformed = await lastValueFrom(
    transformDataFrame((panel.transformations ?? []) as DataTransformerConfig[], frames, context),
  );
  const fieldConfig = fieldConfigOf(panel);
  const prepared = applyFieldOverrides({
    ...{ data: transformed, fieldConfig, fieldConfigRegistry: registryFor(fieldConfig) },
    ...{ replaceVariables: fill, theme, timeZone },
  });
  cacheFieldDisplayNames(prepared);
  return prepared;
}
