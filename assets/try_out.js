// Begins the page on which the API can be tried out. `validatorUrl: null`: nothing is sent to a validator elsewhere.
SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#try-out",
  deepLinking: true,
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
});
