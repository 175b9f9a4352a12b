1create

{
	"repository": {
		"full_name": "acme/app",
		"html_url": "https://github.example/acme/app"
	},
	"sender": {
		"login": "ann"
	},
	"ref": "v1.2",
	"ref_type": "tag"
}
