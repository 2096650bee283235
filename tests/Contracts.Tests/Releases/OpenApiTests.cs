using System.Text.Json.Nodes;
using ForegSyte.Hosting.Http;
using ForegSyte.Inference.V1;
using ForegSyte.OpenApi;
using ForegSyte.Protocol.OpenApi;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Contracts.Tests.Releases;

/// <summary>The served OpenAPI document matches the protos and has all routes.</summary>
public sealed class OpenApiTests(GeneratedDescriptors generated) : IClassFixture<GeneratedDescriptors>
{
    private static readonly JsonObject Document = JsonNode.Parse(OpenApiDocument.Json)!.AsObject();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Document_MatchesTheProtos()
    {
        var image = await File.ReadAllBytesAsync(await generated.FileAsync("foregsyte.binpb"), Cancellation);

        var text = ApiDocument.Make(ContractImage.Read(image));

        Assert.True(text == OpenApiDocument.Json, "openapi.json is out of date: run eng/openapi.sh --write.");
    }

    [Fact]
    public void Document_HasExactlyTheServedRoutes()
    {
        var served = new[]
            {
                JobServiceReflection.Descriptor, UploadServiceReflection.Descriptor, SearchServiceReflection.Descriptor,
            }
            .SelectMany(file => file.Services)
            .SelectMany(HttpRoute.Of)
            .Select(route => $"{route.Verb} {ApiDocument.PathOf(route)}")
            .Append($"GET {HttpRoutes.HealthPath}");

        Assert.Equal(
            served.Order(),
            from path in Document["paths"]!.AsObject()
            from operation in path.Value!.AsObject()
            let route = $"{operation.Key.ToUpperInvariant()} {path.Key}"
            orderby route
            select route);
    }

    [Fact]
    public void References_AllResolve()
    {
        var references = Document.ToJsonString().Split("\"$ref\":\"#/").Skip(1)
            .Select(rest => rest.Split('"')[0])
            .ToList();

        Assert.NotEmpty(references);
        Assert.All(references, reference => Assert.NotNull(reference.Split('/').Aggregate(
            (JsonNode?)Document, (node, name) => node?[name])));
    }

    [Fact]
    public void LostRoutes_RemovedService_ListsItsRoutes()
    {
        var jobs = JobServiceReflection.Descriptor;
        var uploads = UploadServiceReflection.Descriptor;

        Assert.Empty(LostRoutes.Of([jobs], [jobs, uploads]));
        Assert.Equal(
            [
                "DELETE /v1/uploads/{upload_id}", "GET /v1/uploads/{upload_id}", "POST /v1/uploads",
                "PUT /v1/uploads/{upload_id}/parts/{offset}",
            ],
            LostRoutes.Of([jobs, uploads], [jobs]).Select(lost => lost.Split(" for ")[0]).Order());
    }

    [Fact]
    public void Routes_OfTheInferenceService_AreTheHealthCheckAlone() =>
        Assert.False(
            new HttpRoutes(InferenceServiceReflection.Descriptor.Services).HasContracts,
            "The InferenceService has HTTP routes.");

    [Theory]
    [InlineData("\"operationId\": \"GetJob\"", "\"operationId\": \"ListJobs\"", "operationId")]
    [InlineData("\"#/components/schemas/JobStatus\"", "\"#/components/schemas/Absent\"", "resolve")]
    [InlineData("\"in\": \"path\"", "\"in\": \"road\"", "in")]
    public async Task Linter_PlantedFault_IsFound(string text, string fault, string expected)
    {
        Shell.BufOrSkip();
        using var folder = new TemporaryFolder();
        var planted = OpenApiDocument.Json.Replace(text, fault, StringComparison.Ordinal);
        Assert.NotEqual(OpenApiDocument.Json, planted);
        await File.WriteAllTextAsync(folder.File("openapi.json"), planted, Cancellation);

        var lint = await Shell.RunAsync(
            "REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true node_modules/.bin/redocly lint "
            + $"--config eng/OpenApi/redocly.yaml '{folder.File("openapi.json")}' 2>&1",
            RepositoryFiles.Root);

        Assert.NotEqual(0, lint.ExitCode);
        Assert.Contains(expected, lint.StandardOutput, StringComparison.Ordinal);
    }
}
