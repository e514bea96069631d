package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"paxos/internal/torture/judge"
)

// past is a run that left a folder.
type past struct {
	Name    string
	Began   time.Time
	Config  []setting
	Verdict *judge.Verdict // nil if there is none: the run goes on, or could not be carried through
	Numbers []setting      // what else stands in the verdict
	Files   []string       // below the folder
}

// setting is one line of a JSON file.
type setting struct{ Name, Value string }

// Class is how a verdict is shown.
func (p *past) Class() string {
	if p.Verdict == nil {
		return "none"
	}
	return map[judge.Validity]string{judge.Valid: "valid", judge.Invalid: "invalid", judge.Unknown: "unknown"}[p.Verdict.Valid]
}

// Says is a verdict in words.
func (p *past) Says() string {
	return map[string]string{"valid": "all checks passed", "invalid": "a check failed", "unknown": "not known", "none": "no verdict"}[p.Class()]
}

// Has says if there is such a file.
func (p *past) Has(name string) bool { return slices.Contains(p.Files, name) }

// Setting is a value of config.json.
func (p *past) Setting(name string) string {
	for _, s := range p.Config {
		if s.Name == name {
			return s.Value
		}
	}
	return ""
}

// Witness is what can't be right, as a table.
func (p *past) Witness() string {
	if p.Verdict == nil || len(p.Verdict.Witness) == 0 {
		return ""
	}
	return p.Verdict.Witness.Table()
}

// runsIn are the runs in a folder, newest first. What is no run is left out.
func runsIn(dir fs.FS) ([]*past, error) {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, fmt.Errorf("list the runs: %w", err)
	}
	var runs []*past
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if p, err := readRun(dir, e.Name()); err == nil {
			runs = append(runs, p)
		}
	}
	slices.SortFunc(runs, func(a, b *past) int {
		if c := b.Began.Compare(a.Began); c != 0 {
			return c
		}
		return strings.Compare(b.Name, a.Name)
	})
	return runs, nil
}

// errNoRun says that a folder is none of a run.
var errNoRun = errors.New("this folder has no " + ConfigFile + " and no " + HistoryFile)

// readRun reads a run's folder. A damaged file counts as one that is not there.
func readRun(dir fs.FS, name string) (*past, error) {
	p := &past{Name: name}
	info, err := fs.Stat(dir, name)
	if err != nil {
		return nil, err
	}
	p.Began = info.ModTime()
	if p.Files, err = filesIn(dir, name); err != nil {
		return nil, err
	}
	if !p.Has(ConfigFile) && !p.Has(HistoryFile) {
		return nil, errNoRun
	}
	p.Config = settingsOf(dir, path.Join(name, ConfigFile), nil)
	if t, err := time.Parse(time.RFC3339Nano, p.Setting("began")); err == nil {
		p.Began = t
	}
	var v judge.Verdict
	if text, err := readSmall(dir, path.Join(name, VerdictFile)); err == nil && json.Unmarshal(text, &v) == nil {
		p.Verdict = &v
		p.Numbers = settingsOf(dir, path.Join(name, VerdictFile), []string{"valid", "checks", "counts", "explanation", "witness", "dir", "model"})
	}
	return p, nil
}

// filesIn are the files of a run, those of its logs included.
func filesIn(dir fs.FS, name string) (files []string, err error) {
	for _, sub := range []string{".", logsFolder} {
		entries, err := fs.ReadDir(dir, path.Join(name, sub))
		if err != nil && (sub == "." || !errors.Is(err, fs.ErrNotExist)) {
			return nil, fmt.Errorf("list the files of a run: %w", err)
		}
		for _, e := range entries {
			if e.Type().IsRegular() {
				files = append(files, path.Join(sub, e.Name()))
			}
		}
	}
	return files, nil
}

// mostJSON is how large a file of settings may be, in bytes.
const mostJSON = 4 << 20

func readSmall(dir fs.FS, name string) ([]byte, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, mostJSON))
}

// settingsOf are the values of a JSON object, in the order in which they stand there.
func settingsOf(dir fs.FS, name string, without []string) (all []setting) {
	text, err := readSmall(dir, name)
	if err != nil {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	for d.More() {
		key, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return all
		}
		if k := fmt.Sprint(key); !slices.Contains(without, k) {
			all = append(all, setting{k, plain(value)})
		}
	}
	return all
}

// plain is a JSON value for people: no quotes, lists with commas.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	var list []string
	if json.Unmarshal(value, &list) == nil {
		return strings.Join(list, ", ")
	}
	return string(value)
}
