/**
 * The choices of a board's variables; what is chosen stands in the address as `var-…`. A choice made by hand takes those
 * out of the address whose values it decides, so that no environment of another application stays chosen.
 */
import { Combobox, MultiCombobox } from '@grafana/ui';
import { change } from './address';
import { ALL, type Choice, dependsOn } from './variables';

export function Controls({ choices }: { choices: Choice[] }) {
  return (
    <nav>
      {choices.map((choice) => (
        <label key={choice.name} data-variable={choice.name}>
          <span>{choice.model.label || choice.name}</span>
          <Control {...{ choice, choices }} />
        </label>
      ))}
    </nav>
  );
}

function Control({ choice, choices }: { choice: Choice; choices: Choice[] }) {
  const { name, model, options, values, all, many } = choice;
  const choose = (wanted: string[]) => {
    const decided = choices.filter((each) => dependsOn(each.model, name));
    change({ ...Object.fromEntries(decided.map((each) => [`var-${each.name}`, undefined])), [`var-${name}`]: wanted });
  };
  const offered = options.map(({ text, value }) => ({ label: text, value }));
  const everything = model.includeAll ? [{ label: 'All', value: ALL }] : [];
  if (many && model.multi) {
    return (
      <MultiCombobox
        {...{ width: 'auto', minWidth: 12, maxWidth: 60 }}
        options={[...everything, ...offered]}
        value={all ? [ALL] : values}
        onChange={(picked) => {
          const wanted = picked.map(({ value }) => value);
          const addsAll = !all && wanted.includes(ALL);
          choose(addsAll || wanted.length === 0 ? [ALL] : wanted.filter((value) => value !== ALL));
        }}
      />
    );
  }
  return (
    <Combobox
      {...{ width: 'auto', minWidth: 12 }}
      options={[...everything, ...offered]}
      value={all ? ALL : (values[0] ?? null)}
      onChange={({ value }) => choose([value])}
    />
  );
}
