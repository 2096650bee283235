using System.Text;
using ForegSyte.Fuzz.Tests.Running;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ForegSyte.Fuzz.Tests.Targets;

/// <summary>Mutated configuration files: pipelines and the model catalogue.</summary>
public sealed class ConfigurationFuzzTests(OutcomeCounts outcomes) : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ModelCatalogue _models =
        ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"));

    private readonly string[] _pipelines =
        [.. Directory.GetFiles(Path.Combine(RepositoryFiles.Data, "pipelines")).Order().Select(File.ReadAllText)];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public Task Pipeline_NearlyOne_IsValidatedOrItsProblemsAreListed() => Fuzzing.RunAsync(
        "pipelines", outcomes, random =>
    {
        var path = _folder.File("yolo_ocr.json");
        var text = Mutation.OfText(_pipelines[random.Next(_pipelines.Length)], random);
        File.WriteAllBytes(path, Encoding.UTF8.GetBytes(text));
        try
        {
            PipelineFiles.Read(_folder.Path, _models, NullLogger.Instance);
            return "valid";
        }
        catch (InvalidPipelinesException refusal)
        {
            Assert.Contains("yolo_ocr.json", refusal.Message, StringComparison.Ordinal);
            return "refused";
        }
    });

    [Fact]
    public Task Catalogue_NearlyOne_IsReadOrItsProblemsAreListed()
    {
        var catalogue = File.ReadAllText(Path.Combine(RepositoryFiles.Data, "models", "models.json"));
        return Fuzzing.RunAsync("model catalogue", outcomes, random =>
        {
            List<string> problems = [];
            var json = Encoding.UTF8.GetBytes(Mutation.OfText(catalogue, random));
            ModelCatalogueReader.Parse(json, Path.Combine(RepositoryFiles.Data, "models"), problems);
            return problems.Count == 0 ? "read" : "refused";
        });
    }
}
