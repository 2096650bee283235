using ForegSyte.Inference.Models;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace ForegSyte.Inference.Tests.Pipelines;

public sealed class PipelineFilesTests : IDisposable
{
    private static readonly ModelCatalogue Models =
        ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"));

    private readonly TemporaryFolder _folder = new();
    private readonly FakeLogCollector _log = new();

    /// <summary>A file in the form of an earlier version.</summary>
    private const string Earlier =
        """
        {
          "id": "valid",
          "nodes": [
            {
              "id": "detect",
              "stage": "detect_objects",
              "models": { "detector": "nanodet_g_416" },
              "thresholds": { "confidence": 0.3, "iou": "0.5" }
            },
            {
              "id": "read",
              "stage": "read_text",
              "models": { "text_detector": "ppocr_v4_detection", "text_recognizer": "ppocr_v4_recognition" }
            }
          ],
          "edges": [ { "from": "detect", "to": "read" } ],
          "entry_nodes": [ "detect" ],
          "output_nodes": [ "detect", "read" ]
        }
        """;

    [Fact]
    public void Read_TheCommittedPipelines_AreValidAndOrdered() => Assert.Equal(
        ["detect_only", "ocr_only", "yolo_ocr"],
        Read(Path.Combine(RepositoryFiles.Data, "pipelines")).Select(pipeline => pipeline.Id));

    [Fact]
    public void Read_SeveralBadFiles_ListsEveryProblemWithItsFile()
    {
        var valid = ForegSyteJson.Formatter.Format(PipelineValidatorTests.Valid());
        File.WriteAllText(_folder.File("valid.json"), valid);
        File.WriteAllText(_folder.File("twin.json"), valid);
        File.WriteAllText(_folder.File("broken.json"), "{\"id\": ");
        File.WriteAllText(_folder.File("unknown.json"), "{\"id\": \"unknown\", \"stages\": []}");
        File.WriteAllText(_folder.File("large.json"), new string(' ', PipelineFiles.MaxFileBytes + 1));

        var failure = Assert.Throws<InvalidPipelinesException>(() => Read(_folder.Path));

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

    [Fact]
    public void Read_TheCommittedPipelines_GiveNoWarning()
    {
        Read(Path.Combine(RepositoryFiles.Data, "pipelines"));

        Assert.Empty(_log.GetSnapshot());
    }

    [Fact]
    public void Read_FileOfAnEarlierVersion_IsConvertedWithAWarning()
    {
        File.WriteAllText(_folder.File("valid.json"), Earlier);

        var pipeline = Assert.Single(Read(_folder.Path));

        var expected = PipelineValidatorTests.Valid();
        expected.Nodes[0].Parameters["confidence"] = new Parameter { DoubleValue = 0.3 };
        expected.Nodes[0].Parameters["iou"] = new Parameter { DoubleValue = 0.5 };
        Assert.Equal(expected, pipeline);
        var warning = Assert.Single(_log.GetSnapshot());
        Assert.Equal(LogLevel.Warning, warning.Level);
        string[] named =
            ["valid.json", "\"from_node\"", "\"to_node\"", "\"parameters\": {\"confidence\": {\"double_value\": 0.3}}"];
        Assert.All(named, text => Assert.Contains(text, warning.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Read_ThresholdOfAnEarlierVersionOutOfRange_IsAProblem()
    {
        File.WriteAllText(_folder.File("valid.json"), Earlier.Replace("0.3", "3", StringComparison.Ordinal));

        Assert.Contains(
            "valid.json: Node 'detect' sets the parameter confidence to 3; it must be 0.01 to 1.",
            Message(_folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_FieldsOfBothVersions_AreAProblem()
    {
        File.WriteAllText(
            _folder.File("valid.json"),
            Earlier.Replace("\"thresholds\"", "\"parameters\": {}, \"thresholds\"", StringComparison.Ordinal));

        Assert.Contains("thresholds", Message(_folder.Path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{\"nodes\": [1], \"edges\": 2}")]
    [InlineData("{\"nodes\": [{\"thresholds\": 1}]}")]
    [InlineData("{\"nodes\": [{\"thresholds\": {\"iou\": \"x\"}}]}")]
    [InlineData("{\"edges\": [{\"from\": \"a\", \"from\": \"b\"}]}")]
    public void Read_AnyOtherJson_IsAProblemOfItsFile(string text)
    {
        File.WriteAllText(_folder.File("valid.json"), text);

        Assert.Contains(
            "valid.json: The file is not a pipeline in JSON", Message(_folder.Path), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private IReadOnlyList<Pipeline> Read(string directory) =>
        PipelineFiles.Read(directory, Models, new FakeLogger(_log));

    private string Message(string directory) =>
        Assert.Throws<InvalidPipelinesException>(() => Read(directory)).Message;
}
