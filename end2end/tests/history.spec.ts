import { testHistory } from "../support/history.ts";

testHistory(false);
