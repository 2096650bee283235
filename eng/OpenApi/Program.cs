using ForegSyte.OpenApi;

if (args is not [var image, var released, var output])
{
    await Console.Error.WriteLineAsync(
        "Usage: ForegSyte.OpenApi IMAGE RELEASED OUTPUT (two images made by buf build).");
    return 2;
}

var contracts = ContractImage.Read(await File.ReadAllBytesAsync(image));
var lost = LostRoutes.Of(ContractImage.Read(await File.ReadAllBytesAsync(released)), contracts).ToList();
lost.ForEach(Console.Error.WriteLine);
await File.WriteAllTextAsync(output, ApiDocument.Make(contracts));
return lost.Count == 0 ? 0 : 1;
