using System.Text;
using System.Text.Json.Nodes;
using ForegSyte.Inference.Models;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Models;

public sealed class ModelCatalogueReaderTests
{
    [Fact]
    public void Read_TheCommittedCatalogue_HasEveryShippedModelWithItsFiles()
    {
        var catalogue = ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"));

        Assert.Equal(
            [
                "centernet_mbv3_512", "nanodet_g_416", "nanodet_g_416_fp16", "nanodet_g_416_int8", "ppocr_v2_direction",
                "ppocr_v4_detection", "ppocr_v4_recognition",
            ],
            catalogue.All.Select(entry => entry.Id));
        Assert.All(
            catalogue.All, entry => Assert.True(File.Exists(entry.FilePath), $"{entry.FilePath} does not exist."));
        Assert.Equal("nanodet", catalogue.Find("nanodet_g_416")!.ToModelInfo().Family);
        Assert.Null(catalogue.Find("NANODET_G_416"));
        Assert.Equal("nanodet_g_416_int8", catalogue.Find("nanodet_g")!.Id);
        Assert.Equal("nanodet_g_416", catalogue.On(onGpu: true).Find("nanodet_g")!.Id);
        Assert.Equal(["nanodet_g"], catalogue.Choices.Select(choice => choice.Id));
        Assert.Contains("nanodet_g", catalogue.Names);
    }

    [Theory]
    [InlineData("""{"id": "both", "on_cpu": "own", "on_gpu": "nothing"}""",
        "Entry 'both': on_gpu names 'nothing', which is no model of this file.")]
    [InlineData("""{"id": "both", "on_cpu": "own", "on_gpu": "other"}""",
        "Entry 'both': on_cpu and on_gpu must name models of one family with the same labels_file.")]
    [InlineData("""{"id": "own", "on_cpu": "own", "on_gpu": "own"}""", "Entry 'own': the id is used more than once.")]
    [InlineData("""{"id": "both", "on_cpu": "own"}""", "Entry 2: a choice by device needs id")]
    [InlineData("""{"id": "Both", "on_cpu": "own", "on_gpu": "own"}""", "Entry 2: a choice by device needs id")]
    [InlineData("""{"id": "both", "on_cpu": "own", "on_gpu": "own", "file": "a.onnx"}""", "file")]
    [InlineData("""{"id": "both", "on_cpu": 1, "on_gpu": "own"}""", "Entry 2:")]
    public void Parse_AWrongChoiceByDevice_SaysWhatIsWrong(string choice, string expected)
    {
        var problems = new List<string>();

        ModelCatalogueReader.Parse(WithChoice(choice), "/base", problems, []);

        Assert.Contains(expected, Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_AChoiceAmongTheUsersOwnEntries_IsAProblem()
    {
        var problems = new List<string>();

        ModelCatalogueReader.Parse(
            WithChoice("""{"id": "both", "on_cpu": "own", "on_gpu": "own"}"""), "/base", problems);

        Assert.Equal(
            ["Entry 'both': on_cpu is for models.json only. Name the model itself in your pipelines."], problems);
    }

    [Fact]
    public void Parse_AnEntryWithoutThresholds_TakesThoseOfTheFamily()
    {
        var problems = new List<string>();

        var entry = Assert.Single(Parse(Entry(_ => { }), problems));

        Assert.Empty(problems);
        Assert.Equal(0.45f, entry.Thresholds["iou"]);
        Assert.Equal("/base/own.onnx", entry.FilePath);
    }

    [Theory]
    [InlineData("id", "\"Own\"", "Entry 'Own': id must be")]
    [InlineData("id", "null", "id must be")]
    [InlineData("family", "\"yolov99\"", "Entry 'own': family 'yolov99' is unknown; it must be one of centernet,")]
    [InlineData("sha256", "\"abc\"", "Entry 'own': sha256 must be 64 lower-case")]
    [InlineData("file", "\"\"", "Entry 'own': file is required")]
    [InlineData("license", "null", "Entry 'own': license is required")]
    [InlineData("source", "null", "Entry 'own': source is required")]
    [InlineData("labels_file", "null", "Entry 'own': labels_file is required for the family yolox")]
    [InlineData("input", "null", "Entry 'own': input.width is required for the family yolox, 1 to 4096")]
    [InlineData("input", """{"width": 416, "height": 0}""", "Entry 'own': input.height is required")]
    [InlineData("input", """{"width": 416, "height": 416, "depth": 3}""", "depth")]
    [InlineData("input", """{"width": "416", "height": 416}""", "Entry 'own':")]
    [InlineData("thresholds", """{"confidnce": 0.5}""",
        "Entry 'own': the family yolox has no threshold 'confidnce'; it has confidence, iou")]
    [InlineData("thresholds", """{"confidence": 1.5}""",
        "Entry 'own': threshold confidence is 1.5; it must be 0.01 to 1")]
    [InlineData("label_confidence", """{"car": 1.5}""",
        "Entry 'own': label_confidence of 'car' is 1.5; it must be 0.01 to 1")]
    [InlineData("treshold", "1", "treshold")]
    public void Parse_AWrongField_NamesTheEntryAndTheField(string field, string value, string expected)
    {
        var problems = new List<string>();

        var entries = Parse(Entry(entry => entry[field] = JsonNode.Parse(value)), problems);

        Assert.Empty(entries);
        Assert.Contains(problems, problem => problem.Contains(expected, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "The file is not JSON")]
    [InlineData("[]", "The file must be an object with one field")]
    [InlineData("""{"models": [], "more": 1}""", "The file must be an object with one field")]
    [InlineData("""{"models": []}""", "The file has 0 entries; it must have 1 to 256")]
    [InlineData("""{"models": [1]}""", "Entry 0:")]
    [InlineData("""{"models": [null]}""", "Entry 0:")]
    public void Parse_AnotherDocument_SaysWhatItMustBe(string json, string expected)
    {
        var problems = new List<string>();

        ModelCatalogueReader.Parse(Encoding.UTF8.GetBytes(json), "/base", problems);

        Assert.StartsWith(expected, Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_LabelsForAFamilyThatHasNone_IsAProblem()
    {
        var problems = new List<string>();

        Parse(Entry(entry => entry["family"] = "ppocr_detection"), problems);

        Assert.Contains("Entry 'own': the family ppocr_detection has no labels; remove labels_file.", problems);
        Assert.Contains("Entry 'own': the family ppocr_detection accepts any width; remove input.width.", problems);
    }

    [Fact]
    public void Parse_TwoEntriesOfOneId_IsAProblem()
    {
        var problems = new List<string>();
        var json = new JsonObject { ["models"] = new JsonArray(Entry(_ => { }), Entry(_ => { })) }.ToJsonString();

        ModelCatalogueReader.Parse(Encoding.UTF8.GetBytes(json), "/base", problems);

        Assert.Equal(["Entry 'own': the id is used more than once. Give each model a unique id."], problems);
    }

    [Fact]
    public void Read_AFileWithSeveralProblems_ListsThemAllWithThePath()
    {
        using var folder = new TemporaryFolder();
        var entry = Entry(entry => { entry["file"] = null; entry["sha256"] = null; });
        File.WriteAllText(folder.File("models.json"),
            new JsonObject { ["models"] = new JsonArray(entry) }.ToJsonString());

        var failure = Assert.Throws<ModelCatalogueException>(() =>
            ModelCatalogueReader.Read(folder.File("models.json")));

        Assert.Equal(2, failure.Problems.Count);
        Assert.Contains(folder.File("models.json"), failure.Message, StringComparison.Ordinal);
        Assert.All(failure.Problems, problem => Assert.Contains(problem, failure.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Read_NoFileOrATooLargeOne_SaysSo()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("large.json"), new string(' ', ModelCatalogueReader.MaxFileBytes + 1));

        Assert.Contains(
            "does not exist. Set Models:CataloguePath",
            Assert.Throws<ModelCatalogueException>(() => ModelCatalogueReader.Read(folder.File("none.json"))).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "the limit is 1048576",
            Assert.Throws<ModelCatalogueException>(() => ModelCatalogueReader.Read(folder.File("large.json"))).Message,
            StringComparison.Ordinal);
    }

    private static byte[] WithChoice(string choice) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["models"] = new JsonArray(
            Entry(_ => { }),
            Entry(entry => { entry["id"] = "other"; entry["labels_file"] = "other.names"; }),
            JsonNode.Parse(choice)),
    }.ToJsonString());

    private static List<ModelEntry> Parse(JsonObject entry, List<string> problems) => ModelCatalogueReader.Parse(
        Encoding.UTF8.GetBytes(new JsonObject { ["models"] = new JsonArray(entry) }.ToJsonString()), "/base", problems);

    private static JsonObject Entry(Action<JsonObject> change)
    {
        var entry = new JsonObject
        {
            ["id"] = "own",
            ["family"] = "yolox",
            ["file"] = "own.onnx",
            ["sha256"] = new string('a', 64),
            ["license"] = "Apache-2.0",
            ["source"] = "trained here",
            ["input"] = new JsonObject { ["width"] = 416, ["height"] = 416 },
            ["labels_file"] = "own.names",
        };
        change(entry);
        return entry;
    }
}
