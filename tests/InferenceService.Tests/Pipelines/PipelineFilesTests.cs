using ForegSyte.Inference.Models;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Pipelines;

public sealed class PipelineFilesTests : IDisposable
{
    private static readonly ModelCatalogue Models =
        ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"));

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Read_TheCommittedPipelines_AreValidAndOrdered() => Assert.Equal(
        ["detect_only", "ocr_only", "yolo_ocr"],
        PipelineFiles.Read(Path.Combine(RepositoryFiles.Data, "pipelines"), Models).Select(pipeline => pipeline.Id));

    [Fact]
    public void Read_SeveralBadFiles_ListsEveryProblemWithItsFile()
    {
        var valid = ForegSyteJson.Formatter.Format(PipelineValidatorTests.Valid());
        File.WriteAllText(_folder.File("valid.json"), valid);
        File.WriteAllText(_folder.File("twin.json"), valid);
        File.WriteAllText(_folder.File("broken.json"), "{\"id\": ");
        File.WriteAllText(_folder.File("unknown.json"), "{\"id\": \"unknown\", \"stages\": []}");
        File.WriteAllText(_folder.File("large.json"), new string(' ', PipelineFiles.MaxFileBytes + 1));

        var failure = Assert.Throws<InvalidPipelinesException>(() => PipelineFiles.Read(_folder.Path, Models));

        string[] expected =
        [
            "twin.json: The file must be named valid.json",
            "The pipeline id 'valid' is used by more than one file: twin.json, valid.json.",
            "broken.json: The file is not a pipeline in JSON",
            "unknown.json: The file is not a pipeline in JSON",
            "large.json: The file has 1048577 bytes",
        ];
        Assert.Equal(expected.Length, failure.Problems.Count);
        Assert.All(expected, text => Assert.Contains(text, failure.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Read_NoFolderNoFilesOrTooMany_SaysSo()
    {
        Assert.Contains("The folder does not exist", Message(_folder.File("none")), StringComparison.Ordinal);
        Assert.Contains("has 0 files", Message(_folder.Path), StringComparison.Ordinal);
        for (var i = 0; i <= PipelineFiles.MaxFiles; i++)
        {
            File.WriteAllText(_folder.File($"p{i}.json"), "{}");
        }

        Assert.Contains("has 101 files *.json; it must have 1 to 100", Message(_folder.Path), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static string Message(string directory) =>
        Assert.Throws<InvalidPipelinesException>(() => PipelineFiles.Read(directory, Models)).Message;
}
