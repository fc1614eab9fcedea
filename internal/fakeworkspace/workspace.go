package fakeworkspace

import (
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/workspace"
)

// node is a folder, notebook or file of the tree.
type node struct {
	id                int64
	kind              workspace.ObjectType
	language          workspace.Language // of a notebook
	content           []byte
	created, modified int64 // ms
	resource          string
}

func (w *Workspace) treeRoutes() {
	w.handle("POST /api/2.0/workspace/mkdirs", w.mkdirs)
	w.handle("POST /api/2.0/workspace/import", w.importNode)
	w.handle("GET /api/2.0/workspace/get-status", w.getStatus)
	w.handle("GET /api/2.0/workspace/list", w.listNodes)
	w.handle("GET /api/2.0/workspace/export", w.export)
	w.handle("POST /api/2.0/workspace/delete", w.deleteNode)
	w.handle("POST /api/2.0/workspace-files/import-file/{path...}", w.importFile)
	w.handle("GET /api/2.0/workspace-files/{path...}", w.readFile)
}

func (w *Workspace) plantTree() {
	for _, dir := range []string{"/", "/Users", "/Shared"} {
		w.nodes[dir] = &node{id: w.id(), kind: workspace.ObjectTypeDirectory, created: w.millis(), modified: w.millis()}
	}
}

// Put puts a file or notebook into the tree, with the folders above it, as SDK's Upload with format AUTO does.
func (w *Workspace) Put(at string, content []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, failed := clean(at)
	if failed == nil {
		w.makeDir(path.Dir(at))
		_, failed = w.put(at, workspace.Import{Format: workspace.ImportFormatAuto, Overwrite: true}, content)
	}
	if failed != nil {
		panic(failed)
	}
}

// Files returns what is in the tree but folders: the source of notebooks, the bytes of files.
func (w *Workspace) Files() map[string][]byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	files := map[string][]byte{}
	for at, n := range w.nodes {
		if n.kind != workspace.ObjectTypeDirectory {
			files[at] = slices.Clone(n.content)
		}
	}
	return files
}

// clean is a path without /Workspace, which is the same place.
func clean(at string) (string, *Error) {
	if !strings.HasPrefix(at, "/") {
		return "", invalid("Path (%s) doesn't start with '/'", at)
	}
	at = path.Clean(at)
	if at == "/Workspace" {
		return "/", nil
	}
	if rest, ok := strings.CutPrefix(at, "/Workspace/"); ok {
		at = "/" + rest
	}
	return at, nil
}

func (w *Workspace) makeDir(at string) {
	if w.nodes[at] == nil {
		w.makeDir(path.Dir(at))
		w.nodes[at] = &node{id: w.id(), kind: workspace.ObjectTypeDirectory, created: w.millis(), modified: w.millis()}
	}
}

func (w *Workspace) mkdirs(c *call) (any, *Error) {
	_, request, failed := read[workspace.Mkdirs](c)
	if failed != nil {
		return nil, failed
	}
	at, failed := clean(request.Path)
	if failed != nil {
		return nil, failed
	}
	for dir := at; dir != "/"; dir = path.Dir(dir) {
		if n := w.nodes[dir]; n != nil && n.kind != workspace.ObjectTypeDirectory {
			return nil, exists("Path (%s) already exists and is not a directory.", dir)
		}
	}
	w.makeDir(at)
	return nil, nil
}

func (w *Workspace) find(at string) (string, *node, *Error) {
	at, failed := clean(at)
	if failed != nil {
		return at, nil, failed
	}
	if n := w.nodes[at]; n != nil {
		return at, n, nil
	}
	return at, nil, missing("Path (%s) doesn't exist.", at)
}

func (w *Workspace) getStatus(c *call) (any, *Error) {
	at, n, failed := w.find(c.query("path"))
	if failed != nil {
		return nil, failed
	}
	return n.info(at), nil
}

func (n *node) info(at string) workspace.ObjectInfo {
	info := workspace.ObjectInfo{Path: at, ObjectId: n.id, ObjectType: n.kind, Language: n.language, ResourceId: fmt.Sprint(n.id)}
	if n.resource != "" {
		info.ResourceId = n.resource
	}
	if n.kind == workspace.ObjectTypeFile {
		info.Size, info.CreatedAt, info.ModifiedAt = int64(len(n.content)), n.created, n.modified
	} else if n.kind != workspace.ObjectTypeDirectory {
		info.CreatedAt, info.ModifiedAt = n.created, n.modified
	}
	return info
}

func (w *Workspace) children(dir string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(w.nodes)), func(at string) bool { return at == "/" || path.Dir(at) != dir })
}

func (w *Workspace) listNodes(c *call) (any, *Error) {
	at, n, failed := w.find(c.query("path"))
	if failed != nil {
		return nil, failed
	}
	if n.kind != workspace.ObjectTypeDirectory {
		return object{"objects": []workspace.ObjectInfo{n.info(at)}}, nil
	}
	infos := []workspace.ObjectInfo{}
	for _, child := range w.children(at) {
		infos = append(infos, w.nodes[child].info(child))
	}
	if len(infos) == 0 {
		return nil, nil
	}
	return object{"objects": infos}, nil
}

func (w *Workspace) deleteNode(c *call) (any, *Error) {
	_, request, failed := read[workspace.Delete](c)
	if failed != nil {
		return nil, failed
	}
	at, _, failed := w.find(request.Path)
	if failed != nil {
		return nil, failed
	}
	if at == "/" || at == "/Users" || at == "/Shared" {
		return nil, denied("%s can't be deleted", at)
	}
	if len(w.children(at)) > 0 && !request.Recursive {
		return nil, refusal(http.StatusBadRequest, "DIRECTORY_NOT_EMPTY", "Folder (%s) is not empty", at)
	}
	maps.DeleteFunc(w.nodes, func(one string, _ *node) bool { return one == at || strings.HasPrefix(one, at+"/") })
	return nil, nil
}
