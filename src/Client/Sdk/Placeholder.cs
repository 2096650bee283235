namespace ForegSyte.Client;
