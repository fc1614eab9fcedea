package jobs

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/cryptostream/lakectl/internal/specfile"
)

//go:embed bronze silver gold views
var embedded embed.FS

// Default returns the lakehouse that the binary carries. It panics if that is broken, which a test
// would have noticed.
func Default() *Lakehouse {
	lakehouse, err := Load(embedded)
	if err != nil {
		panic("jobs: the embedded specs: " + err.Error())
	}
	return lakehouse
}

// Load reads every spec below the root of fsys, <layer>/<name>.yaml and views/<name>.yaml, with
// the SQL beside it. If anything is wrong it returns all mistakes of all files as Errors; any
// other error is one of reading the folders.
func Load(fsys fs.FS) (*Lakehouse, error) {
	l := &loader{fsys: fsys, sql: map[string]string{}, used: map[string]bool{}}
	if err := l.readFiles(); err != nil {
		return nil, err
	}
	l.checkNames()
	for _, d := range l.docs {
		if d.spec != nil {
			l.check(d)
		}
	}
	l.checkUnused()
	order := l.order()
	if len(l.errs) > 0 {
		return nil, Errors{l.errs.Sorted()}
	}
	return l.resolve(order), nil
}

// loader collects what Load finds.
type loader struct {
	fsys fs.FS
	docs []*loaded         // by file
	sql  map[string]string // the text of each SQL file, by path
	used map[string]bool   // SQL files that a spec names
	errs specfile.Errors
}

// loaded is a document with the spec in it, which is nil if the document is not a valid one.
type loaded struct {
	*specfile.Document
	spec *spec
}

func (l *loader) readFiles() error {
	err := fs.WalkDir(l.fsys, ".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if base := path.Base(file); file != "." && (strings.HasPrefix(base, ".") || base == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		switch path.Ext(file) {
		case ".yaml":
			l.readSpec(file)
		case ".yml":
			l.fail(file, "a spec's name ends in .yaml")
		case ".sql":
			l.readSQL(file)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the specs: %w", err)
	}
	if len(l.docs) == 0 && len(l.errs) == 0 {
		l.fail(".", "no spec here; one is expected at <layer>/<name>.yaml")
	}
	return nil
}

func (l *loader) fail(file, format string, args ...any) {
	l.errs = append(l.errs, specfile.Error{File: file, Message: fmt.Sprintf(format, args...)})
}

// readSpec reads a file and holds it against the schema.
func (l *loader) readSpec(file string) {
	text, err := fs.ReadFile(l.fsys, file)
	if err != nil {
		l.fail(file, "reading the spec: %v", cause(err))
		return
	}
	d := &loaded{Document: specfile.Read(file, text)}
	l.docs = append(l.docs, d)
	if d.Tree != nil {
		d.Errs = append(d.Errs, schema.Validate(d.Document)...)
	}
	if len(d.Errs) == 0 {
		d.spec = &spec{}
		if err := d.Decode(d.spec); err != nil {
			d.spec = nil
			d.Errs = append(d.Errs, d.At("", "%v", err))
		}
	}
	l.errs = append(l.errs, d.Errs...)
}

// readSQL reads a file that holds one query.
func (l *loader) readSQL(file string) {
	l.sql[file] = ""
	text, err := fs.ReadFile(l.fsys, file)
	if err != nil {
		l.fail(file, "reading the SQL: %v", cause(err))
		return
	}
	if bad := sqlMistake(text); bad != nil {
		bad.File = file
		l.errs = append(l.errs, *bad)
		return
	}
	l.sql[file] = strings.TrimSpace(string(text))
}

// sqlMistake returns what is wrong with a SQL file as text, or nil.
func sqlMistake(text []byte) *specfile.Error {
	if len(text) > specfile.MaxBytes {
		return &specfile.Error{Message: fmt.Sprintf("the file has more than %d bytes", specfile.MaxBytes)}
	}
	if bad := specfile.InvalidUTF8(text); bad != nil {
		return bad
	}
	if i := slices.Index(text, 0); i >= 0 {
		line, col := specfile.Position(text, i)
		return &specfile.Error{Line: line, Col: col, Message: "a NUL character"}
	}
	if normaliseSQL(string(text)) == "" {
		return &specfile.Error{Line: 1, Col: 1, Message: "no SQL in the file"}
	}
	if i := semicolon(string(text)); i >= 0 {
		line, col := specfile.Position(text, i)
		return &specfile.Error{Line: line, Col: col, Message: "a semicolon; a file holds one query, without one"}
	}
	return nil
}

// cause returns err without the operation and path that our own message has already.
func cause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// checkUnused reports SQL that no spec names: most likely a slip in a name. It says nothing while a
// spec is broken, which might be the one.
func (l *loader) checkUnused() {
	for _, d := range l.docs {
		if d.spec == nil {
			return
		}
	}
	for _, file := range slices.Sorted(maps.Keys(l.sql)) {
		if !l.used[file] {
			l.fail(file, "no spec names this file")
		}
	}
}
