package report

import (
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
)

// NewHandler shows the runs in a folder, newest first: / lists them, /NAME/ shows one, and
// /NAME/FILE is a file of it. Nothing can be changed, and nothing outside of the folder is
// shown if dir is that of an os.Root.
func NewHandler(dir fs.FS) http.Handler {
	s := &site{dir: dir}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.index)
	mux.HandleFunc("GET /{run}/{$}", s.run)
	mux.HandleFunc("GET /{run}/{file...}", s.file)
	return guarded(mux)
}

type site struct{ dir fs.FS }

// guarded sends headers that keep a page from doing more than it must: porcupine's has a
// script and styles of its own.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

func (s *site) index(w http.ResponseWriter, _ *http.Request) {
	runs, err := runsIn(s.dir)
	if err != nil {
		failed(w, err)
		return
	}
	page(w, indexPage(runs))
}

func (s *site) run(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("run")
	if !fs.ValidPath(name) {
		http.NotFound(w, r)
		return
	}
	p, err := readRun(s.dir, name)
	if err != nil {
		failed(w, err)
		return
	}
	page(w, runPage(p))
}

// kinds are how files are sent; all others are text.
var kinds = map[string]string{".svg": "image/svg+xml", ".html": "text/html; charset=utf-8", ".json": "application/json"}

// file sends a file of a run, but nothing of its stores.
func (s *site) file(w http.ResponseWriter, r *http.Request) {
	run, name := r.PathValue("run"), r.PathValue("file")
	full := path.Join(run, name)
	if !fs.ValidPath(run) || !fs.ValidPath(name) {
		http.NotFound(w, r)
		return
	}
	p, err := readRun(s.dir, run)
	if err != nil {
		failed(w, err)
		return
	}
	if !slices.Contains(p.Files, name) {
		http.NotFound(w, r)
		return
	}
	kind := kinds[path.Ext(name)]
	if kind == "" {
		kind = mime.FormatMediaType("text/plain", map[string]string{"charset": "utf-8"})
	}
	w.Header().Set("Content-Type", kind)
	http.ServeFileFS(w, r, s.dir, full)
}

func failed(w http.ResponseWriter, err error) {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNoRun) {
		http.Error(w, "There is no such run.", http.StatusNotFound)
		return
	}
	http.Error(w, "The run can't be read: "+err.Error(), http.StatusInternalServerError)
}

func page(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(text)) // a reader who went away is no concern
}
