using ForegSyte.OpenApi;

if (args is not [var image, var output])
{
    await Console.Error.WriteLineAsync("Usage: ForegSyte.OpenApi IMAGE OUTPUT, with an image that buf build made.");
    return 2;
}

await File.WriteAllTextAsync(output, ApiDocument.Make(ContractImage.Read(await File.ReadAllBytesAsync(image))));
return 0;
