using ForegSyte.Hosting;
using ForegSyte.Jobs;
using ForegSyte.Jobs.Grpc;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Intake;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Storage;
using Contract = ForegSyte.V1.JobService;

var builder = WebApplication.CreateBuilder(args);
builder.AddForegSyteHost("JobService", defaultPort: 5200, Contract.Descriptor);
builder.Services.AddStorage(builder.Configuration);
builder.Services.AddInferenceClient();
builder.Services.AddJobs();
builder.Services.AddIntake();
builder.Services.AddDispatcher();
builder.Services.AddJobRpcs();

var app = builder.Build();
app.MapForegSyteHost();
app.MapGrpcService<JobGrpcService>();
return await app.RunForegSyteHostAsync();
