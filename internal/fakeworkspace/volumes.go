package fakeworkspace

import (
	"net/http"
	"slices"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/catalog"
)

func (w *Workspace) volumeRoutes() {
	const at = "/api/2.1/unity-catalog/volumes"
	w.handle("GET "+at, w.listVolumes)
	w.handle("POST "+at, w.createVolume)
	w.handle("GET "+at+"/{name}", func(c *call) (any, *Error) { return w.volume(c.PathValue("name")) })
	w.handle("PATCH "+at+"/{name}", w.updateVolume)
	w.handle("DELETE "+at+"/{name}", w.deleteVolume)
}

// parent finds the schema that a full name of three parts is in.
func (w *Workspace) parent(what, full string) (string, *Error) {
	full = strings.ToLower(full)
	parts := strings.Split(full, ".")
	if len(parts) != 3 {
		return full, invalid("'%s' is not a valid name of a %s: it must be <catalog>.<schema>.<%s>", full, what, what)
	}
	_, failed := w.schema(parts[0] + "." + parts[1])
	return full, failed
}

func (w *Workspace) volume(full string) (object, *Error) {
	full, failed := w.parent("volume", full)
	if failed != nil {
		return nil, failed
	}
	if o := w.volumes[full]; o != nil {
		return o, nil
	}
	return nil, ucError(http.StatusNotFound, "VOLUME_DOES_NOT_EXIST", "Volume '%s' does not exist.", full)
}

func (w *Workspace) listVolumes(c *call) (any, *Error) {
	schema, failed := w.schema(c.query("catalog_name") + "." + c.query("schema_name"))
	if failed != nil {
		return nil, failed
	}
	all := slices.DeleteFunc(sorted(w.volumes), func(o object) bool {
		return o["catalog_name"] != schema["catalog_name"] || o["schema_name"] != schema["name"]
	})
	return object{"volumes": all}, nil
}

func (w *Workspace) createVolume(c *call) (any, *Error) {
	o, request, failed := read[catalog.CreateVolumeRequestContent](c)
	if failed != nil {
		return nil, failed
	}
	if failed := checkName("CreateVolume", request.Name); failed != nil {
		return nil, failed
	}
	if _, failed := w.schema(request.CatalogName + "." + request.SchemaName); failed != nil {
		return nil, failed
	}
	if failed := w.ucAllow(c.user, "schema", request.CatalogName+"."+request.SchemaName, "CREATE_VOLUME"); failed != nil {
		return nil, failed
	}
	external := request.VolumeType == catalog.VolumeTypeExternal
	if external != (request.StorageLocation != "") {
		return nil, invalid("CreateVolume: storage_location must be given for an external volume, and only for one")
	}
	o["schema_name"], o["name"] = strings.ToLower(request.SchemaName), strings.ToLower(request.Name)
	full := request.CatalogName + "." + text(o, "schema_name") + "." + text(o, "name")
	if w.volumes[full] != nil {
		return nil, ucError(http.StatusBadRequest, "VOLUME_ALREADY_EXISTS", "Volume '%s' already exists", full)
	}
	o["full_name"], o["volume_id"] = full, w.uuid()
	fallback(o, "storage_location", w.location("volumes"))
	w.volumes[full] = w.stamped(o, c.user.Name)
	return o, nil
}

func (w *Workspace) updateVolume(c *call) (any, *Error) {
	o, failed := w.volume(c.PathValue("name"))
	if failed != nil {
		return nil, failed
	}
	changes, request, failed := read[catalog.UpdateVolumeRequestContent](c)
	if failed != nil {
		return nil, failed
	}
	if failed := w.ucAllow(c.user, "volume", text(o, "full_name")); failed != nil {
		return nil, failed
	}
	if failed := w.checkOwner(request.Owner); failed != nil {
		return nil, failed
	}
	if request.NewName != "" {
		return nil, invalid("UpdateVolume: this fake does not rename")
	}
	return w.changed(o, changes, c.user), nil
}

func (w *Workspace) deleteVolume(c *call) (any, *Error) {
	o, failed := w.volume(c.PathValue("name"))
	if failed != nil {
		return nil, failed
	}
	if failed := w.ucAllow(c.user, "volume", text(o, "full_name")); failed != nil {
		return nil, failed
	}
	delete(w.volumes, text(o, "full_name"))
	delete(w.grants, "volume/"+text(o, "full_name"))
	w.dropFiles(text(o, "full_name"))
	return nil, nil
}
