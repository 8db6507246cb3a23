package web

func (v *requestContext) download(name string) {
	v.Header("Content-Disposition", `attachment; filename="`+name+`"`)
}
