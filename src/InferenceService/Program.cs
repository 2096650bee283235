using ForegSyte.Hosting;

var builder = WebApplication.CreateBuilder(args);
builder.AddForegSyteHost("InferenceService", defaultPort: 5201, ForegSyte.V1.InferenceService.Descriptor);

var app = builder.Build();
app.MapForegSyteHost();
await app.RunAsync();
