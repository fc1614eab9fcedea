package fakeworkspace

import (
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// file is a file or folder in a volume.
type file struct {
	dir      bool
	content  []byte
	modified time.Time
}

func (w *Workspace) fileRoutes() {
	const at = "/api/2.0/fs"
	w.handle("PUT "+at+"/files/{path...}", w.uploadFile)
	w.handle("GET "+at+"/files/{path...}", w.downloadFile)
	w.handle("DELETE "+at+"/files/{path...}", w.removeFile)
	w.handle("PUT "+at+"/directories/{path...}", w.makeFolder)
	w.handle("GET "+at+"/directories/{path...}", w.listFolder)
	w.handle("DELETE "+at+"/directories/{path...}", w.removeFolder)
}

// volumeFile is the path that a request names, which is in a volume that exists, and what is there.
func (w *Workspace) volumeFile(c *call) (string, *file, *Error) {
	at := path.Clean("/" + c.PathValue("path"))
	parts := strings.Split(at, "/")
	if len(parts) < 5 || parts[1] != "Volumes" {
		return at, nil, invalid("Invalid path: %s is not in a volume: /Volumes/<catalog>/<schema>/<volume>", at)
	}
	if _, failed := w.volume(strings.Join(parts[2:5], ".")); failed != nil {
		return at, nil, failed
	}
	if len(parts) == 5 {
		return at, &file{dir: true}, nil
	}
	return at, w.files[at], nil
}

// PutFile puts a file into a volume that is there.
func (w *Workspace) PutFile(at string, content []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keepFile(at, content)
}

func (w *Workspace) keepFile(at string, content []byte) {
	w.makeFolders(path.Dir(at))
	w.files[at] = &file{content: content, modified: w.opts.Now()}
}

func (w *Workspace) makeFolders(dir string) {
	for ; strings.Count(dir, "/") > 4; dir = path.Dir(dir) {
		if w.files[dir] == nil {
			w.files[dir] = &file{dir: true, modified: w.opts.Now()}
		}
	}
}

func (w *Workspace) uploadFile(c *call) (any, *Error) {
	at, old, failed := w.volumeFile(c)
	switch {
	case failed != nil:
		return nil, failed
	case old != nil && old.dir:
		return nil, refusal(http.StatusConflict, "ALREADY_EXISTS", "The path %s is a directory.", at)
	case old != nil && !c.flag("overwrite"):
		return nil, refusal(http.StatusConflict, "ALREADY_EXISTS", "The file being created already exists: %s", at)
	}
	w.keepFile(at, c.body)
	return nil, nil
}

func (w *Workspace) downloadFile(c *call) (any, *Error) {
	at, f, failed := w.volumeFile(c)
	if failed != nil {
		return nil, failed
	}
	if f == nil || f.dir {
		return nil, refusal(http.StatusNotFound, "NOT_FOUND", "The file being accessed is not found: %s", at)
	}
	return raw(f.content), nil
}

func (w *Workspace) removeFile(c *call) (any, *Error) {
	at, f, failed := w.volumeFile(c)
	if failed != nil {
		return nil, failed
	}
	if f == nil || f.dir {
		return nil, refusal(http.StatusNotFound, "NOT_FOUND", "The file being accessed is not found: %s", at)
	}
	delete(w.files, at)
	return nil, nil
}

func (w *Workspace) makeFolder(c *call) (any, *Error) {
	at, f, failed := w.volumeFile(c)
	if failed != nil {
		return nil, failed
	}
	if f != nil && !f.dir {
		return nil, refusal(http.StatusConflict, "ALREADY_EXISTS", "The path %s is a file.", at)
	}
	w.makeFolders(at)
	return nil, nil
}

func (w *Workspace) folder(c *call) (string, []string, *Error) {
	at, f, failed := w.volumeFile(c)
	if failed != nil {
		return at, nil, failed
	}
	if f == nil || !f.dir {
		return at, nil, refusal(http.StatusNotFound, "NOT_FOUND", "The directory being accessed is not found: %s", at)
	}
	below := slices.DeleteFunc(slices.Sorted(maps.Keys(w.files)), func(one string) bool { return path.Dir(one) != at })
	return at, below, nil
}

func (w *Workspace) listFolder(c *call) (any, *Error) {
	_, below, failed := w.folder(c)
	if failed != nil {
		return nil, failed
	}
	var all []object
	for _, one := range below {
		f := w.files[one]
		entry := object{"path": one, "name": path.Base(one), "is_directory": f.dir, "last_modified": f.modified.UnixMilli()}
		if !f.dir {
			entry["file_size"] = len(f.content)
		}
		all = append(all, entry)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return object{"contents": all}, nil
}

func (w *Workspace) removeFolder(c *call) (any, *Error) {
	at, below, failed := w.folder(c)
	if failed != nil {
		return nil, failed
	}
	if len(below) > 0 {
		return nil, refusal(http.StatusBadRequest, "DIRECTORY_NOT_EMPTY", "The directory %s is not empty.", at)
	}
	delete(w.files, at)
	return nil, nil
}

// dropFiles forgets what was in a volume that is gone.
func (w *Workspace) dropFiles(volume string) {
	root := "/Volumes/" + strings.ReplaceAll(volume, ".", "/") + "/"
	maps.DeleteFunc(w.files, func(at string, _ *file) bool { return strings.HasPrefix(at, root) })
}
