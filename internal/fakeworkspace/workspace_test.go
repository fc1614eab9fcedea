package fakeworkspace_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/databricks/databricks-sdk-go/service/workspace"

	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

const notebook = "# Databricks notebook source\nprint(1)\n"

func TestNotebooks(t *testing.T) {
	_, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	ok(t, c.Workspace.MkdirsByPath(ctx, "/Workspace/Users/"+me+"/lake/notebooks"))
	dir := "/Users/" + me + "/lake/notebooks"
	ok(t, c.Workspace.Upload(ctx, dir+"/01.py", strings.NewReader(notebook), workspace.UploadFormat(workspace.ImportFormatAuto)))
	ok(t, c.Workspace.Upload(ctx, dir+"/data.json", strings.NewReader("{}"), workspace.UploadFormat(workspace.ImportFormatAuto)))
	ok(t, c.Workspace.Upload(ctx, dir+"/as_source", strings.NewReader(notebook), workspace.UploadLanguage(workspace.LanguagePython)))
	ok(t, c.Workspace.Import(ctx, workspace.Import{Path: dir + "/raw.py", Format: workspace.ImportFormatRaw, Content: "cHJpbnQoMSkK"}))

	got := must[*workspace.ObjectInfo](t)(c.Workspace.GetStatusByPath(ctx, dir+"/01"))
	if got.ObjectType != workspace.ObjectTypeNotebook || got.Language != workspace.LanguagePython || got.ObjectId == 0 || got.ModifiedAt == 0 {
		t.Errorf("status is %+v", got)
	}
	_, err := c.Workspace.GetStatusByPath(ctx, dir+"/01.py")
	refused(t, err, 404, "RESOURCE_DOES_NOT_EXIST", "doesn't exist")
	file := must[*workspace.ObjectInfo](t)(c.Workspace.GetStatusByPath(ctx, "/Workspace"+dir+"/raw.py"))
	if file.ObjectType != workspace.ObjectTypeFile || file.Size != 9 || file.Path != dir+"/raw.py" {
		t.Errorf("status is %+v", file)
	}
	all := must[[]workspace.ObjectInfo](t)(c.Workspace.ListAll(ctx, workspace.ListWorkspaceRequest{Path: dir}))
	if len(all) != 4 {
		t.Errorf("listed %+v", all)
	}
	if text := must[[]byte](t)(c.Workspace.ReadFile(ctx, dir+"/as_source")); string(text) != notebook {
		t.Errorf("exported %q", text)
	}
	out := must[*workspace.ExportResponse](t)(c.Workspace.Export(ctx, workspace.ExportRequest{Path: dir + "/01", Format: workspace.ExportFormatSource}))
	if text, err := out.Bytes(); err != nil || string(text) != notebook || out.FileType != "py" {
		t.Errorf("exported %q as %s, %v", text, out.FileType, err)
	}
}

func TestImportIsRefused(t *testing.T) {
	_, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	auto := workspace.UploadFormat(workspace.ImportFormatAuto)
	home := "/Users/" + me
	err := c.Workspace.Upload(ctx, home+"/nowhere/a.txt", strings.NewReader(""), auto)
	refused(t, err, 404, "NOT_FOUND", "parent folder")
	ok(t, c.Workspace.Upload(ctx, home+"/a.py", strings.NewReader("print()"), auto))
	refused(t, c.Workspace.Upload(ctx, home+"/a.py", strings.NewReader(""), auto), 400, "RESOURCE_ALREADY_EXISTS", "already exists")
	ok(t, c.Workspace.Upload(ctx, home+"/a.py", strings.NewReader("print(2)"), auto, workspace.UploadOverwrite()))
	ok(t, c.Workspace.Upload(ctx, home+"/n.py", strings.NewReader(notebook), auto))
	err = c.Workspace.Upload(ctx, home+"/n", strings.NewReader("x"), workspace.UploadFormat(workspace.ImportFormatRaw), workspace.UploadOverwrite())
	refused(t, err, 400, "INVALID_PARAMETER_VALUE", "type mismatch")
	refused(t, c.Workspace.Import(ctx, workspace.Import{Path: home + "/b", Content: "eA=="}), 400, "INVALID_PARAMETER_VALUE", "language")
	refused(t, c.Workspace.Import(ctx, workspace.Import{Path: "b", Format: "RAW"}), 400, "INVALID_PARAMETER_VALUE", "start with '/'")
	refused(t, c.Workspace.Import(ctx, workspace.Import{Path: home + "/b", Format: "RAW", Content: "%"}), 400, "INVALID_PARAMETER_VALUE", "base64")
	err = c.Workspace.Upload(ctx, home+"/big", strings.NewReader(strings.Repeat("x", 10<<20+1)), auto)
	refused(t, err, 400, "MAX_NOTEBOOK_SIZE_EXCEEDED", "exceeded")
	refused(t, c.Workspace.MkdirsByPath(ctx, home+"/a.py/below"), 400, "RESOURCE_ALREADY_EXISTS", "not a directory")
}

func TestDeleteOfFolders(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	w.Put("/Shared/lake/a.txt", []byte("a"))
	refused(t, c.Workspace.Delete(ctx, workspace.Delete{Path: "/Shared/lake"}), 400, "DIRECTORY_NOT_EMPTY", "not empty")
	ok(t, c.Workspace.Delete(ctx, workspace.Delete{Path: "/Shared/lake", Recursive: true}))
	refused(t, c.Workspace.Delete(ctx, workspace.Delete{Path: "/Shared/lake"}), 404, "RESOURCE_DOES_NOT_EXIST", "doesn't exist")
	if files := w.Files(); len(files) != 0 {
		t.Errorf("left %v", files)
	}
}

// Of many that make the same file without overwrite, one does: a lock can be made of it.
func TestImportFileIsALock(t *testing.T) {
	_, c := open(t, fakeworkspace.Options{})
	path := "/api/2.0/workspace-files/import-file/Workspace/Users/" + me + "/deploy.lock?overwrite=false"
	var taken sync.WaitGroup
	won := make(chan error, 8)
	for range 8 {
		taken.Go(func() { won <- post(t, c, path, map[string]any{"id": "x"}) })
	}
	taken.Wait()
	close(won)
	good := 0
	for err := range won {
		if err == nil {
			good++
			continue
		}
		refused(t, err, 409, "ALREADY_EXISTS", "already exists")
	}
	if good != 1 {
		t.Errorf("%d made the file", good)
	}
}
