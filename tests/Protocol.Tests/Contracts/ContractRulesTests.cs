using ForegSyte.Testing;
using Google.Api;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Label = Google.Protobuf.Reflection.FieldDescriptorProto.Types.Label;
using ProtoOptions = Google.Protobuf.Reflection.FileOptions;
using Type = Google.Protobuf.Reflection.FieldDescriptorProto.Types.Type;

namespace ForegSyte.Protocol.Tests.Contracts;

/// <summary>The contracts follow <see cref="ContractRules"/>, and each rule finds its violation.</summary>
public sealed class ContractRulesTests
{
    private const string Planted = "planted.v1";

    [Fact]
    public void Contracts_FollowTheRules() => Assert.Empty(ContractFiles.All.SelectMany(ContractRules.Violations));

    [Fact]
    public void Files_AreAllOfTheFolder()
    {
        var root = Path.Combine(RepositoryFiles.Root, "protos");
        var files = Directory.EnumerateFiles(Path.Combine(root, "foregsyte"), "*.proto", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(root, path));

        Assert.Equal(files.Order(StringComparer.Ordinal), ContractFiles.All.Select(file => file.Name).Order(
            StringComparer.Ordinal));
    }

    [Fact]
    public void Violations_GoodFile_AreNone() => Assert.Empty(ViolationsOf(_ => { }));

    [Fact]
    public void Violations_FileWithoutOptions_NameEach() => Assert.Equal(
        [
            "planted.proto has no go_package with a domain.", "planted.proto has no java_package.",
            "planted.proto has no java_multiple_files.", "planted.proto has no java_outer_classname.",
        ],
        ViolationsOf(file => file.Options = new ProtoOptions { GoPackage = "foregsyte/v1" }));

    [Fact]
    public void Violations_FieldWithoutBehavior_NameIt() => Assert.Equal(
        ["planted.v1.ListThingsResponse.count has no google.api.field_behavior."],
        ViolationsOf(file => file.MessageType[1].Field.Add(
            new FieldDescriptorProto { Name = "count", Number = 9, Type = Type.Int32, Label = Label.Optional })));

    [Fact]
    public void Violations_Keyword_NameIt() => Assert.Equal(
        ["planted.v1.ListThingsRequest.from is a Python keyword."],
        ViolationsOf(file => file.MessageType[0].Field.Add(Field("from", 9, Type.Int32))));

    [Fact]
    public void Violations_Map_NameIt() => Assert.Equal(
        ["planted.v1.ListThingsResponse.counts is a map; a repeated message can get more fields later."],
        ViolationsOf(file =>
        {
            var counts = Field("counts", 9, Type.Message);
            counts.Label = Label.Repeated;
            counts.TypeName = $".{Planted}.ListThingsResponse.CountsEntry";
            file.MessageType[1].Field.Add(counts);
            file.MessageType[1].NestedType.Add(new DescriptorProto
            {
                Name = "CountsEntry",
                Options = new MessageOptions { MapEntry = true },
                Field = { Field("key", 1, Type.String), Field("value", 2, Type.Int32) },
            });
        }));

    [Fact]
    public void Violations_ListWithoutPages_NameEachField() => Assert.Equal(
        [
            "planted.v1.ThingService.ListThings is not paged: ListThingsRequest has no page_size.",
            "planted.v1.ThingService.ListThings is not paged: ListThingsRequest has no page_token.",
            "planted.v1.ThingService.ListThings is not paged: ListThingsResponse has no next_page_token.",
        ],
        ViolationsOf(file =>
        {
            file.MessageType[0].Field.Clear();
            file.MessageType[1].Field.Clear();
        }));

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Violations_Stream_NameTheMethod(bool fromClient, bool fromServer) => Assert.Equal(
        ["planted.v1.ThingService.ListThings is streaming; every method is unary."],
        ViolationsOf(file =>
        {
            file.Service[0].Method[0].ClientStreaming = fromClient;
            file.Service[0].Method[0].ServerStreaming = fromServer;
        }));

    /// <summary>The violations of a good file after a change.</summary>
    private static IEnumerable<string> ViolationsOf(Action<FileDescriptorProto> change)
    {
        var file = new FileDescriptorProto
        {
            Name = "planted.proto",
            Package = Planted,
            Syntax = "proto3",
            Dependency = { FieldBehaviorReflection.Descriptor.Name },
            Options = new ProtoOptions
            {
                GoPackage = "example.org/planted/v1;plantedv1",
                JavaPackage = "org.example.planted.v1",
                JavaMultipleFiles = true,
                JavaOuterClassname = "PlantedProto",
            },
            MessageType =
            {
                new DescriptorProto
                {
                    Name = "ListThingsRequest",
                    Field = { Field("page_size", 1, Type.Int32), Field("page_token", 2, Type.String) },
                },
                new DescriptorProto
                {
                    Name = "ListThingsResponse",
                    Field = { Field("next_page_token", 1, Type.String) },
                },
            },
            Service =
            {
                new ServiceDescriptorProto
                {
                    Name = "ThingService",
                    Method =
                    {
                        new MethodDescriptorProto
                        {
                            Name = "ListThings",
                            InputType = $".{Planted}.ListThingsRequest",
                            OutputType = $".{Planted}.ListThingsResponse",
                        },
                    },
                },
            },
        };
        change(file);
        return ContractRules.Violations(FileDescriptor.BuildFromByteStrings(
            [
                DescriptorReflection.Descriptor.SerializedData, FieldBehaviorReflection.Descriptor.SerializedData,
                file.ToByteString(),
            ],
            new ExtensionRegistry { FieldBehaviorExtensions.FieldBehavior })[^1]);
    }

    private static FieldDescriptorProto Field(string name, int number, Type type)
    {
        var options = new FieldOptions();
        options.GetOrInitializeExtension(FieldBehaviorExtensions.FieldBehavior).Add(FieldBehavior.Optional);
        return new FieldDescriptorProto
        {
            Name = name,
            Number = number,
            Type = type,
            Label = Label.Optional,
            Options = options,
        };
    }
}
